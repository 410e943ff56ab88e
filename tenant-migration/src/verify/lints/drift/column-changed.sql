SELECT format('column %I of table %I.%I', w."column", w.schema, w."table") AS object,
  format('the registry describes it as %s%s, and it is %s%s', w.type, CASE WHEN w.not_null THEN ' NOT NULL' ELSE '' END,
    format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END) AS detail,
  CASE WHEN a.atttypid <> to_regtype(w.type) THEN format('ALTER TABLE %I.%I ALTER %I TYPE %s;', w.schema, w."table", w."column", w.type)
    ELSE format('ALTER TABLE %I.%I ALTER %I %s NOT NULL;', w.schema, w."table", w."column", CASE WHEN w.not_null THEN 'SET' ELSE 'DROP' END)
  END AS repair
FROM described,
  jsonb_to_recordset(described.registry -> 'columns') AS w (
    schema text, "table" text, "column" text, type text, not_null boolean, tenant boolean)
JOIN live ON live.schema = w.schema AND live.name = w."table"
JOIN pg_attribute a ON a.attrelid = live.oid AND a.attname = w."column" AND NOT a.attisdropped
-- The tenant column is held to more by lints of its own.
WHERE NOT w.tenant AND (a.atttypid <> to_regtype(w.type) OR a.attnotnull <> w.not_null)
