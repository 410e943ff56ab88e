-- The roles that PostgreSQL itself makes have oids below those of users' objects; pg_database_owner is the owner's.
SELECT 'role ' || reach.ident AS object,
  format('role %s is a member of it: its rights are not the tables'' to give or to take', app.ident) AS detail,
  format('REVOKE %s FROM %s; -- or from the role that passes it on', reach.ident, app.ident) AS repair
FROM app, reach
WHERE reach.rolname ~ '^pg_' AND reach.oid < 16384 AND reach.rolname <> 'pg_database_owner'
