SELECT 'table ' || f.ident AS object,
  format('its replica identity is the index %s, which lacks the tenant column %I: a replica can''t tell whose row is meant',
    i.indexrelid::regclass, f.key) AS detail,
  format('ALTER TABLE %s REPLICA IDENTITY DEFAULT;', f.ident) AS repair
FROM family f JOIN pg_class c ON c.oid = f.oid JOIN pg_index i ON i.indrelid = f.oid AND i.indisreplident
WHERE c.relreplident = 'i'
  AND NOT EXISTS (SELECT FROM generate_series(0, i.indnkeyatts - 1) AS place WHERE i.indkey[place] = f.attnum)
