SELECT 'function ' || a.ident AS object,
  format('a policy asks it, and role %s may not execute it: every statement fails', app.ident) AS detail,
  format('GRANT USAGE ON SCHEMA %1$I TO %2$s; GRANT EXECUTE ON FUNCTION %3$s TO %2$s;', n.nspname, app.ident, a.ident) AS repair
FROM asked a JOIN pg_namespace n ON n.oid = a.pronamespace, app
WHERE a.for_app AND NOT (has_function_privilege(app.oid, a.oid, 'EXECUTE') AND has_schema_privilege(app.oid, n.oid, 'USAGE'))
