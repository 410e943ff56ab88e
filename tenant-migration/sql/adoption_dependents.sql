-- What rests on primary keys besides foreign keys: views and functions whose GROUP BY names a key alone.
SELECT CAST(n.nspname AS text) AS schema, CAST(c.relname AS text) AS name, CAST(k.conname AS text) AS key,
  ARRAY(SELECT CAST(a.attname AS text) FROM pg_catalog.unnest(k.conkey) AS key (attnum)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.attnum) AS columns,
  CASE WHEN r.ev_class IS NULL THEN pg_catalog.pg_describe_object(d.classid, d.objid, 0)
    ELSE pg_catalog.pg_describe_object(CAST('pg_catalog.pg_class' AS regclass), r.ev_class, 0) END AS by
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_depend d ON d.refclassid = CAST('pg_catalog.pg_constraint' AS regclass) AND d.refobjid = k.oid
LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = CAST('pg_catalog.pg_rewrite' AS regclass) AND r.oid = d.objid
WHERE k.contype = 'p' AND d.deptype = 'n'
  AND d.classid IN (CAST('pg_catalog.pg_rewrite' AS regclass), CAST('pg_catalog.pg_proc' AS regclass))
ORDER BY 1, 2, 5
