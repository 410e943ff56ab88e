SELECT format('column %I of table %I.%I', w."column", w.schema, w."table") AS object,
  'the registry describes it, and the table does not have it' AS detail,
  format('ALTER TABLE %I.%I ADD COLUMN %I %s;', w.schema, w."table", w."column", w.type) AS repair
FROM described, jsonb_to_recordset(described.registry -> 'columns') AS w (schema text, "table" text, "column" text, type text)
JOIN live ON live.schema = w.schema AND live.name = w."table"
WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = live.oid AND a.attname = w."column" AND NOT a.attisdropped)
