-- Replica identities that are an index: the table, the index, the table and the index that these are parts of, or they themselves.
SELECT CAST(CAST(i.indrelid AS regclass) AS text) AS "table", CAST(x.relname AS text) AS index,
  CAST(n.nspname AS text) AS root_schema, CAST(t.relname AS text) AS root_table, CAST(r.relname AS text) AS root_index,
  ARRAY(SELECT CAST(a.attname AS text) FROM pg_catalog.unnest(CAST(i.indkey AS int2[])) AS key (attnum)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = key.attnum) AS columns,
  CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_index p WHERE p.indrelid = i.indrelid AND p.indisprimary)
    THEN 'DEFAULT' ELSE 'FULL' END AS instead
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid AND c.relreplident = 'i'
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
JOIN pg_catalog.pg_class r ON r.oid = coalesce(CAST(pg_catalog.pg_partition_root(x.oid) AS oid), x.oid)
JOIN pg_catalog.pg_index ri ON ri.indexrelid = r.oid
JOIN pg_catalog.pg_class t ON t.oid = ri.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
WHERE i.indisreplident ORDER BY 1
