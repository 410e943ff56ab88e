SELECT 'function ' || p.oid::regprocedure AS object,
  format('%s may execute it: it connects to a database as whoever the caller names', c.who) AS detail,
  format('REVOKE EXECUTE ON FUNCTION %s FROM %s;', p.oid::regprocedure, c.ident) AS repair
FROM pg_extension e
JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
JOIN callable c ON c.oid = p.oid
WHERE e.extname = 'dblink' AND c.grantee <> p.proowner AND (p.proname ~ '^dblink_connect'
    -- Their first of two texts can say where to connect.
    OR p.proname IN ('dblink', 'dblink_exec') AND p.proargtypes[0] = 'text'::regtype AND p.proargtypes[1] = 'text'::regtype)
