SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  format('it shows all tenants'' rows to role %s, which role %s can become', reach.ident, app.ident) AS detail,
  format('REVOKE %s FROM %s; -- or from the role that passes it on', reach.ident, app.ident) AS repair
FROM policies p JOIN reach ON reach.oid = ANY (p.roles), app
-- What holds for the application without SET ROLE is another lint's.
-- The floor that holds the application doesn't hold what it becomes, so the tenant column must be all that decides.
WHERE p.permissive AND NOT p.holds_app AND NOT CASE p.command WHEN 'a' THEN p.check_equals ELSE p.using_equals END
  AND p."using" IS DISTINCT FROM 'false'
