SELECT format('column %I of table %I.%I', w."column", w.schema, w."table") AS object,
  'the registry describes it, and the table does not have it' AS detail,
  format('ALTER TABLE %I.%I ADD COLUMN %I %s;', w.schema, w."table", w."column", w.type) AS repair
FROM described, jsonb_to_recordset(described.registry -> 'columns') AS w (schema text, "table" text, "column" text, type text)
JOIN pg_class c ON c.oid = to_regclass(format('%I.%I', w.schema, w."table")) AND c.relkind IN ('r', 'p')
WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = w."column" AND NOT a.attisdropped)
