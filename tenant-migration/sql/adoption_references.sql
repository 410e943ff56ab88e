-- All foreign keys but those of partitions, which go with their table's.
SELECT CAST(tn.nspname AS text) AS target_schema, CAST(t.relname AS text) AS target,
  ARRAY(SELECT CAST(a.attname AS text) FROM pg_catalog.unnest(k.confkey) AS key (attnum)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = key.attnum) AS target_columns,
  CAST(sn.nspname AS text) AS schema, CAST(s.relname AS text) AS name,
  ARRAY(SELECT CAST(a.attname AS text) FROM pg_catalog.unnest(k.conkey) AS key (attnum)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.attnum) AS columns,
  CAST(k.conname AS text) AS constraint
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class t ON t.oid = k.confrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_catalog.pg_class s ON s.oid = k.conrelid JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY 1, 2, 4, 5, 7
