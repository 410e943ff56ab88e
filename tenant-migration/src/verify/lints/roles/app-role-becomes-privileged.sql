SELECT 'role ' || reach.ident AS object,
  format('role %s can become it, and it has %s', app.ident, string_agg(h.attribute, ', ')) AS detail,
  format('REVOKE %s FROM %s; -- or from the role that passes it on', reach.ident, app.ident) AS repair
FROM app, reach JOIN pg_roles r ON r.oid = reach.oid,
  LATERAL (VALUES ('SUPERUSER', r.rolsuper), ('BYPASSRLS', r.rolbypassrls), ('CREATEROLE', r.rolcreaterole),
    ('REPLICATION', r.rolreplication), ('CREATEDB', r.rolcreatedb)) AS h (attribute, value)
WHERE h.value AND reach.oid <> app.oid
GROUP BY reach.ident, app.ident
