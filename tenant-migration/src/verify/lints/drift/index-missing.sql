SELECT 'table ' || w.ident AS object,
  format('the registry describes an index (%s)%s, and no valid index has these columns', w.columns,
    CASE WHEN w.partial THEN ' WHERE …' ELSE '' END) AS detail,
  '-- make it as `migrate plan` prints it' AS repair
FROM described, LATERAL (
  SELECT live.oid AS relation, live.ident, k.partial, k.included, (
      SELECT string_agg(e.name, ', ' ORDER BY e.place)
      FROM jsonb_array_elements_text(k.columns) WITH ORDINALITY AS e (name, place)) AS columns
  FROM jsonb_to_recordset(described.registry -> 'indexes') AS k (schema text, "table" text, columns jsonb, included jsonb, partial boolean)
  JOIN live ON live.schema = k.schema AND live.name = k."table"
) AS w
WHERE NOT EXISTS (
  SELECT FROM pg_index i
  WHERE i.indrelid = w.relation AND i.indisvalid AND (i.indpred IS NOT NULL) = w.partial
    AND w.columns = (
      SELECT string_agg(a.attname || CASE WHEN i.indoption[place] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY place)
      FROM generate_series(0, i.indnkeyatts - 1) AS place
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[place])
    AND w.included <@ to_jsonb(ARRAY(
      SELECT a.attname::text FROM generate_series(i.indnkeyatts, i.indnatts - 1) AS place
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[place])))
