SELECT 'table ' || s.ident AS object,
  format('no index begins with the tenant column %I: each statement reads all tenants'' rows', s.key) AS detail,
  format('CREATE INDEX%s ON %s (%I);', CASE WHEN s.relkind <> 'p' THEN ' CONCURRENTLY' END, s.ident, s.key) AS repair
FROM scoped s
WHERE NOT EXISTS (
  SELECT FROM pg_index i WHERE i.indrelid = s.oid AND i.indisvalid AND i.indkey[0] = s.attnum AND i.indpred IS NULL)
