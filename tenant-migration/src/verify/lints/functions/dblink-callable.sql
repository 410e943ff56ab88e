SELECT 'function ' || p.oid::regprocedure AS object,
  format('role %s may execute it: it connects to a database as whoever the caller names', app.ident) AS detail,
  format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, %s;', p.oid::regprocedure, app.ident) AS repair
FROM app, pg_extension e
JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
WHERE e.extname = 'dblink' AND (p.proname ~ '^dblink_connect'
    -- Their first of two texts can say where to connect.
    OR p.proname IN ('dblink', 'dblink_exec') AND p.proargtypes[0] = 'text'::regtype AND p.proargtypes[1] = 'text'::regtype) AND NOT app.rolsuper
  AND has_function_privilege(app.oid, p.oid, 'EXECUTE')
