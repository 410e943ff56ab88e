SELECT 'function ' || a.ident AS object,
  format('a policy asks it, and role %s may not execute it: every statement fails', app.ident) AS detail,
  format('GRANT USAGE ON SCHEMA %1$I TO %2$s; GRANT EXECUTE ON FUNCTION %3$s TO %2$s;', n.nspname, app.ident, a.ident) AS repair
FROM asked a JOIN pg_namespace n ON n.oid = a.pronamespace, app
WHERE EXISTS (
    SELECT FROM policies p JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
    WHERE p.holds_app AND d.refclassid = 'pg_proc'::regclass AND d.refobjid = a.oid)
  AND NOT (has_function_privilege(app.oid, a.oid, 'EXECUTE') AND has_schema_privilege(app.oid, n.oid, 'USAGE'))
