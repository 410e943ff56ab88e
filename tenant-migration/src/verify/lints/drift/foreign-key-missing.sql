SELECT 'table ' || w.ident AS object,
  format('the registry describes a reference (%s) to %I.%I, and no foreign key has these columns', w.columns, w.target_schema, w.target)
    AS detail,
  '-- make it as `migrate plan` prints it' AS repair
FROM described, LATERAL (
  SELECT live.oid AS relation, live.ident, k.target_schema, k.target, k.columns AS names,
    (SELECT string_agg(e.name, ', ') FROM jsonb_array_elements_text(k.columns) AS e (name)) AS columns
  FROM jsonb_to_recordset(described.registry -> 'references')
    AS k (schema text, "table" text, columns jsonb, target_schema text, target text)
  JOIN live ON live.schema = k.schema AND live.name = k."table"
) AS w
WHERE NOT EXISTS (
  SELECT FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid JOIN pg_namespace n ON n.oid = t.relnamespace
  WHERE f.contype = 'f' AND f.conrelid = w.relation AND n.nspname = w.target_schema AND t.relname = w.target
    -- The tenant column is paired besides.
    AND w.names <@ to_jsonb(ARRAY(
      SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey))))
