-- The columns that a program needs and the database doesn't have as it needs them.
SELECT wanted.schema, wanted.name AS "table", wanted."column", wanted.type, pg_catalog.format_type(a.atttypid, a.atttypmod) AS found
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]),
  pg_catalog.unnest($4::text[])) AS wanted (schema, name, "column", type)
JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted."column" AND NOT a.attisdropped
WHERE a.atttypid IS DISTINCT FROM pg_catalog.to_regtype(wanted.type)
ORDER BY wanted.schema COLLATE "C", wanted.name COLLATE "C", wanted."column" COLLATE "C"
