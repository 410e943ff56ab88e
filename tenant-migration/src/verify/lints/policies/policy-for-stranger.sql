-- Only where it is known which role works across tenants.
SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  format('it shows all tenants'' rows to role %I, which is not the one that works across tenants', r.rolname) AS detail,
  format('DROP POLICY %s ON %s;', p.ident, p."table") AS repair
FROM policies p JOIN pg_roles r ON r.oid = ANY (p.roles), admin
WHERE p.shows_all AND r.oid <> admin.oid AND r.oid NOT IN (SELECT oid FROM reach)
