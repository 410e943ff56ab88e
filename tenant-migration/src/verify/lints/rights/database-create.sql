SELECT 'database ' || quote_ident(d.datname) AS object,
  format('role %s may create schemas in it', app.ident) AS detail,
  format('REVOKE CREATE ON DATABASE %I FROM PUBLIC, %s;', d.datname, app.ident) AS repair
FROM pg_database d, app
WHERE d.datname = current_database() AND NOT app.rolsuper AND has_database_privilege(app.oid, d.oid, 'CREATE')
