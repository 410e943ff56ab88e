-- The framework's own tables: for each whether it is there, which of its columns are not, and the columns of its primary key
-- if that is not.
SELECT pg_catalog.format('tenancy.%s', wanted.relation) AS name, c.oid IS NOT NULL AS is_there,
  CASE WHEN c.oid IS NOT NULL THEN ARRAY(
    SELECT column_name FROM pg_catalog.unnest(wanted.columns) AS column_name
    EXCEPT SELECT CAST(attname AS text) FROM pg_catalog.pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    ORDER BY 1) ELSE '{}' END AS lacks,
  CASE WHEN c.oid IS NOT NULL AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = c.oid AND contype = 'p')
    THEN wanted.key END AS lacks_key
FROM (VALUES
  ('runs', CAST('{run,begun_at,done_at}' AS text[]), 'run'),
  ('steps', '{step,run,change,reason,in_transaction,up,down,tables,begun_at,done_at}', 'step'),
  ('known', '{kind,name,desired,live}', 'kind, name'),
  ('deployment', '{singleton,posture,format,server,registry,program,recorded_at}', 'singleton'),
  ('fences', '{organization_id,state,since,applied}', 'organization_id')
) AS wanted (relation, columns, key)
LEFT JOIN pg_catalog.pg_class c ON c.relname = wanted.relation AND c.relkind = 'r'
  AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = 'tenancy')
