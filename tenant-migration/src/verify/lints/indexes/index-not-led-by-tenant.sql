SELECT format('index %s on table %s', i.indexrelid::regclass, f.ident) AS object,
  format('the tenant column %I is not its first: a query of one tenant reads all tenants'' entries', f.key) AS detail,
  format('DROP INDEX %s; -- and make it again with %I in front', i.indexrelid::regclass, f.key) AS repair
FROM family f JOIN pg_index i ON i.indrelid = f.oid JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
-- BRIN and GIN know no order of columns.
WHERE NOT i.indisunique AND NOT i.indisexclusion AND NOT x.relispartition AND m.amname = 'btree' AND i.indkey[0] <> f.attnum
