SELECT 'table ' || w.ident AS object,
  format('the registry describes a reference (%s) to %I.%I, and no foreign key has these columns', w.columns, w.target_schema, w.target)
    AS detail,
  '-- make it as `migrate plan` prints it' AS repair
FROM described, LATERAL (
  SELECT to_regclass(format('%I.%I', k.schema, k."table")) AS relation, format('%I.%I', k.schema, k."table") AS ident,
    k.target_schema, k.target, k.columns AS names,
    (SELECT string_agg(name, ', ') FROM jsonb_array_elements_text(k.columns) AS name) AS columns
  FROM jsonb_to_recordset(described.registry -> 'references')
    AS k (schema text, "table" text, columns jsonb, target_schema text, target text)
) AS w
JOIN pg_class c ON c.oid = w.relation AND c.relkind IN ('r', 'p')
WHERE NOT EXISTS (
  SELECT FROM pg_constraint f
  WHERE f.contype = 'f' AND f.conrelid = w.relation AND f.confrelid = to_regclass(format('%I.%I', w.target_schema, w.target))
    -- The tenant column is paired besides.
    AND w.names <@ to_jsonb(ARRAY(
      SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey))))
