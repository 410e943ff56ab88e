-- The columns that a program needs and the database doesn't have as it needs them.
SELECT wanted.schema, wanted.name AS "table", wanted."column", wanted.type, pg_catalog.format_type(a.atttypid, a.atttypmod) AS found
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[]),
  pg_catalog.unnest($4::text[])) AS wanted (schema, name, "column", type)
JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted."column" AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type element ON element.oid = t.typelem AND t.typcategory = 'A'
WHERE a.atttypid IS NULL OR CASE
  WHEN pg_catalog.to_regtype(wanted.type) IS NOT NULL THEN a.atttypid <> pg_catalog.to_regtype(wanted.type)
  -- A type outside pg_catalog, whose schema the program doesn't name: known by its name.
  ELSE pg_catalog.lower(pg_catalog.regexp_replace(wanted.type, '^.*\.|["\[\]]|\(.*\)', '', 'g'))
    <> pg_catalog.lower(coalesce(element.typname, t.typname)) END
ORDER BY wanted.schema COLLATE "C", wanted.name COLLATE "C", wanted."column" COLLATE "C"
