-- A table that the application can't use tells it nothing.
SELECT format('foreign key %I on table %s', c.conname, t.ident) AS object,
  format('it refers to %s, and %s may use the table, which is not scoped: its rows tell of any tenant''s, and can refer to any',
    f.ident, (SELECT string_agg(DISTINCT r.who, ' and ') FROM rights r WHERE r.relid = c.conrelid)) AS detail,
  format('ALTER TABLE %s DROP CONSTRAINT %I; -- or give the table the tenant column, and pair it with %I', t.ident, c.conname, f.key) AS repair
FROM family f JOIN pg_constraint c ON c.confrelid = f.oid AND c.contype = 'f' AND c.conparentid = 0
JOIN LATERAL (
  SELECT format('%I.%I', n.nspname, o.relname) AS ident FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace
  WHERE o.oid = c.conrelid
) AS t ON true
WHERE c.conrelid NOT IN (SELECT oid FROM family)
  AND c.conrelid IN (SELECT r.relid FROM rights r WHERE r."right" IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))
