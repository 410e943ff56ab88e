-- One line of JSON for each table that has rows of tenants: those that are described ($1 schemas, $2 names), and those that have a
-- column named as the tenants' ($3), whoever made them. Partitions are their parents' rows; the framework's tables are not asked for.
SELECT jsonb_build_object(
  'schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'unlogged', c.relpersistence = 'u',
  'described', EXISTS (
    SELECT FROM unnest($1::text[], $2::text[]) AS named (schema, name) WHERE named.schema = n.nspname AND named.name = c.relname),
  'inherits', EXISTS (SELECT FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid
    WHERE i.inhrelid = c.oid OR i.inhparent = c.oid AND NOT child.relispartition),
  'columns', ARRAY(
    SELECT jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'built_in', a.atttypid < 16384, 'stored', a.attgenerated = '', 'not_null', a.attnotnull,
      'given', a.atthasdef OR a.attidentity <> '',
      -- A type's labels or range of numbers are the same in both homes if they read alike.
      'labels', ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = a.atttypid ORDER BY e.enumsortorder),
      'sequence', pg_get_serial_sequence(format('%I.%I', n.nspname, c.relname), a.attname))
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
  'key', ARRAY(
    SELECT a.attname::text FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS part (attnum, place)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.attnum
    WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY part.place),
  'parents', ARRAY(
    SELECT DISTINCT jsonb_build_object('schema', tn.nspname, 'name', t.relname)
    FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
    WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0),
  -- What an UPDATE or DELETE says of the row that it changes: d the key, n nothing, f all, i an index's columns.
  'identity', c.relreplident)::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition AND n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'tenancy', 'tenancy_catalog')
  AND (EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS named (schema, name) WHERE named.schema = n.nspname AND named.name = c.relname)
    OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = ANY ($3::text[]) AND NOT a.attisdropped))
ORDER BY n.nspname, c.relname
