SELECT 'table ' || w.ident AS object,
  format('the registry describes %s (%s)%s, and no valid unique index has these columns',
    CASE WHEN w."primary" THEN 'the primary key' ELSE 'a uniqueness rule' END, w.columns, CASE WHEN w.partial THEN ' WHERE …' ELSE '' END)
    AS detail,
  '-- make it as `migrate plan` prints it' AS repair
FROM described, LATERAL (
  SELECT live.oid AS relation, live.ident, k."primary", k.partial,
    (SELECT string_agg(e.name, ', ' ORDER BY e.name) FROM jsonb_array_elements_text(k.columns) AS e (name)) AS columns
  FROM jsonb_to_recordset(described.registry -> 'keys') AS k (schema text, "table" text, columns jsonb, "primary" boolean, partial boolean)
  JOIN live ON live.schema = k.schema AND live.name = k."table"
) AS w
WHERE NOT EXISTS (
  SELECT FROM pg_index i
  WHERE i.indrelid = w.relation AND i.indisunique AND i.indisvalid AND (i.indpred IS NOT NULL) = w.partial
    AND i.indisprimary = w."primary"
    AND w.columns = (
      SELECT string_agg(a.attname, ', ' ORDER BY a.attname::text) FROM generate_series(0, i.indnkeyatts - 1) AS place
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[place]))
