-- What roles were granted of what an adoption lends beyond the owner's tables, as the statements that take it back: on functions,
-- in the database and in its schema `public`.
SELECT pg_catalog.format('REVOKE EXECUTE ON FUNCTION %I.%I(%s) FROM %I',
    n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes), r.rolname) AS statement
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace,
    LATERAL pg_catalog.aclexplode(p.proacl) AS a JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
  WHERE n.nspname <> 'tenancy'
UNION ALL
SELECT pg_catalog.format('REVOKE %s ON %s FROM "%s"',
    a.privilege_type, object.name, pg_catalog.replace(r.rolname, '"', '""'))
  FROM (
    SELECT 'DATABASE "' || pg_catalog.replace(datname, '"', '""') || '"', datacl
      FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
    UNION ALL SELECT 'SCHEMA public', nspacl FROM pg_catalog.pg_namespace WHERE nspname = 'public') AS object (name, acl),
    LATERAL pg_catalog.aclexplode(object.acl) AS a JOIN pg_catalog.pg_roles r ON r.oid = a.grantee
  WHERE a.privilege_type IN ('TEMPORARY', 'CREATE')
