-- The columns that a program doesn't know of and that have no value unless it gives one: its inserts would fail.
SELECT n.nspname::text AS schema, c.relname::text AS "table", a.attname::text AS "column"
FROM (SELECT DISTINCT schema, name FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS every (schema, name))
  AS wanted
JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
  AND NOT EXISTS (
    SELECT FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]))
      AS known (schema, name, "column")
    WHERE known.schema = n.nspname AND known.name = c.relname AND known."column" = a.attname)
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attname COLLATE "C"
