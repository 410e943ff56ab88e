SELECT 'schema ' || quote_ident(n.nspname) AS object,
  format('role %s may create objects in it, which can stand in the place of those that policies and statements mean', app.ident) AS detail,
  format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %s;', n.nspname, app.ident) AS repair
FROM pg_namespace n, app
WHERE NOT app.rolsuper AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND has_schema_privilege(app.oid, n.oid, 'CREATE')
