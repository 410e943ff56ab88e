SELECT 'role ' || app.ident AS object,
  'the application''s role has ' || string_agg(held.attribute, ', ') AS detail,
  format('ALTER ROLE %s NO%s;', app.ident, string_agg(held.attribute, ' NO')) AS repair
FROM app JOIN pg_roles r ON r.oid = app.oid,
  LATERAL (VALUES ('SUPERUSER', r.rolsuper), ('BYPASSRLS', r.rolbypassrls), ('CREATEROLE', r.rolcreaterole),
    ('REPLICATION', r.rolreplication), ('CREATEDB', r.rolcreatedb)) AS held (attribute, value)
WHERE held.value
GROUP BY app.ident
