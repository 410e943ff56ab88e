-- The views of the owner role ($3) that read one of the tables ($1 schemas, $2 names), at any depth, with their owner's
-- rights.
WITH RECURSIVE readers (oid) AS (
  SELECT c.oid
  FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS named (schema, name)
  JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = named.name
  UNION
  SELECT r.ev_class
  FROM readers
  JOIN pg_catalog.pg_depend d ON d.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND d.refobjid = readers.oid
    AND d.classid = CAST('pg_catalog.pg_rewrite' AS regclass)
  JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND r.ev_class <> readers.oid
)
SELECT CAST(n.nspname AS text), CAST(c.relname AS text)
FROM readers
JOIN pg_catalog.pg_class c ON c.oid = readers.oid AND c.relkind = 'v'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE pg_catalog.pg_get_userbyid(c.relowner) = $3
  AND NOT coalesce((
    SELECT CAST(option_value AS boolean) FROM pg_catalog.pg_options_to_table(c.reloptions)
    WHERE option_name = 'security_invoker'), false)
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend e
    WHERE e.classid = CAST('pg_catalog.pg_class' AS regclass) AND e.objid = c.oid AND e.deptype = 'e')
ORDER BY 1, 2
