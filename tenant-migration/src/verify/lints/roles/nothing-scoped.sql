SELECT 'database ' || quote_ident(current_database()) AS object,
  'no table has the tenant column, so nothing was looked at' AS detail,
  '-- name the tenant column and the database that are meant, or run `migrate up`' AS repair
WHERE NOT EXISTS (SELECT FROM scoped)
