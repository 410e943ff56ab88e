SELECT 'database ' || quote_ident(d.datname) AS object,
  format('role %s may create temporary tables, which stand before others of their name and keep rows between tenants', app.ident) AS detail,
  format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, %s;', d.datname, app.ident) AS repair
FROM pg_database d, app
WHERE d.datname = current_database() AND NOT app.rolsuper AND has_database_privilege(app.oid, d.oid, 'TEMPORARY')
