-- An index that belongs to a partitioned one is judged with it. WITHOUT OVERLAPS (PostgreSQL 18) is unique and an exclusion.
SELECT format('unique index %s on table %s', i.indexrelid::regclass, f.ident) AS object,
  format('its columns lack the tenant column %I: a conflict tells one tenant which values another has', f.key) AS detail,
  CASE WHEN c.conname IS NULL THEN format('DROP INDEX %s;', i.indexrelid::regclass)
    ELSE format('ALTER TABLE %s DROP CONSTRAINT %I;', f.ident, c.conname) END || format(' -- and make it again with %I in front', f.key) AS repair
FROM family f JOIN pg_index i ON i.indrelid = f.oid JOIN pg_class x ON x.oid = i.indexrelid
LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u', 'x')
WHERE i.indisunique AND NOT i.indisprimary AND NOT x.relispartition
  AND NOT EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) AS place WHERE i.indkey[place] = f.attnum)
