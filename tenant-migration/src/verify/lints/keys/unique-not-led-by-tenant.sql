SELECT format('unique index %s on table %s', i.indexrelid::regclass, f.ident) AS object,
  format('the tenant column %I is not its first: a query of one tenant reads all tenants'' entries', f.key) AS detail,
  format('DROP INDEX %s; -- and make it again with %I in front', i.indexrelid::regclass, f.key) AS repair
FROM family f JOIN pg_index i ON i.indrelid = f.oid JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indisunique AND NOT x.relispartition AND i.indkey[0] <> f.attnum
  AND EXISTS (SELECT FROM generate_series(1, i.indnkeyatts - 1) AS place WHERE i.indkey[place] = f.attnum)
