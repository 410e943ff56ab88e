SELECT 'function ' || p.oid::regprocedure AS object,
  format('it runs with the rights of %I, and its search_path %s', pg_get_userbyid(p.proowner),
    coalesce('is ' || path.value || ', which does not end in pg_temp', 'is the caller''s')) AS detail,
  format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp;', p.oid::regprocedure) AS repair
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace LEFT JOIN LATERAL (
  SELECT substr(setting, 13) AS value FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search\_path=%'
) AS path ON true
WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.oid NOT IN (SELECT oid FROM asked)
  AND EXISTS (SELECT FROM callable WHERE callable.oid = p.oid)
  AND coalesce(path.value !~ '^((?!"?pg_temp"?,)([^", ]+|"[^"]*"), *)*("pg_temp"|pg_temp)$', true)
  AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
