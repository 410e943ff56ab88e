SELECT format('column %I of table %I.%I', w."column", w.schema, w."table") AS object,
  format('the registry describes it as %s%s, and it is %s%s', w.type, CASE WHEN w.not_null THEN ' NOT NULL' ELSE '' END,
    format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END) AS detail,
  CASE WHEN a.atttypid IS DISTINCT FROM wanted.type THEN format('ALTER TABLE %I.%I ALTER %I TYPE %s;', w.schema, w."table", w."column", w.type)
    ELSE format('ALTER TABLE %I.%I ALTER %I %s NOT NULL;', w.schema, w."table", w."column", CASE WHEN w.not_null THEN 'SET' ELSE 'DROP' END)
  END AS repair
FROM described,
  jsonb_to_recordset(described.registry -> 'columns') AS w (
    schema text, "table" text, "column" text, type text, not_null boolean, tenant boolean)
JOIN live ON live.schema = w.schema AND live.name = w."table"
JOIN pg_attribute a ON a.attrelid = live.oid AND a.attname = w."column" AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid JOIN pg_namespace n ON n.oid = t.typnamespace
-- A type of the application's is not on the search path here; the schema of the column's type is where it would be.
CROSS JOIN LATERAL (SELECT coalesce(to_regtype(w.type),
  CASE WHEN w.type NOT LIKE '%.%' THEN to_regtype(format('%I.%s', n.nspname, w.type)) END)) AS wanted (type)
-- The tenant column is held to more by lints of its own.
WHERE NOT w.tenant AND (a.atttypid IS DISTINCT FROM wanted.type OR a.attnotnull <> w.not_null)
