-- An index that belongs to a partitioned one is judged with it.
SELECT format('primary key %s on table %s', i.indexrelid::regclass, f.ident) AS object,
  format('its columns lack the tenant column %I: two tenants can''t have the same key, and a conflict tells one of the other''s row',
    f.key) AS detail,
  format('ALTER TABLE %s DROP CONSTRAINT %I, ADD PRIMARY KEY (%I, %s);', f.ident, c.conname, f.key,
    (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY place)
      FROM generate_series(0, i.indnkeyatts - 1) AS place JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = i.indkey[place])) AS repair
FROM family f JOIN pg_index i ON i.indrelid = f.oid JOIN pg_class x ON x.oid = i.indexrelid
LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u', 'x')
WHERE i.indisprimary AND NOT x.relispartition
  AND NOT EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) AS place WHERE i.indkey[place] = f.attnum)
