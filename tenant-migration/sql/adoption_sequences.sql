-- The sequences that columns count by: a table's own, which go with it, and others that a default names.
SELECT CAST(n.nspname AS text) AS schema, CAST(c.relname AS text) AS name,
  pg_catalog.format('%I.%I', sn.nspname, s.relname) AS sequence, pg_catalog.bool_or(found.own) AS own
FROM (
  SELECT d.objid AS sequence, d.refobjid AS counted, true AS own FROM pg_catalog.pg_depend d
  WHERE d.classid = CAST('pg_catalog.pg_class' AS regclass) AND d.refclassid = d.classid AND d.deptype IN ('a', 'i')
  UNION ALL
  SELECT d.refobjid, a.adrelid, false FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid
  WHERE d.classid = CAST('pg_catalog.pg_attrdef' AS regclass) AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass)
) AS found
JOIN pg_catalog.pg_class s ON s.oid = found.sequence AND s.relkind = 'S'
JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace
JOIN pg_catalog.pg_class c ON c.oid = found.counted JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
