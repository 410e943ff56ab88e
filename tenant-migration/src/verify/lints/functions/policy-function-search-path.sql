SELECT 'function ' || ident AS object,
  format('a policy asks it and its search_path %s',
    coalesce('is ' || path.value || ', which does not end in pg_temp', 'is the caller''s')) AS detail,
  format('ALTER FUNCTION %s SET search_path = pg_catalog, pg_temp;', ident) AS repair
FROM asked LEFT JOIN LATERAL (
  SELECT substr(setting, 13) AS value FROM unnest(proconfig) AS setting WHERE setting LIKE 'search\_path=%'
) AS path ON true
WHERE coalesce(path.value !~ '^((?!"?pg_temp"?,)([^", ]+|"[^"]*"), *)*("pg_temp"|pg_temp)$', true)
