SELECT 'role ' || quote_ident($4::text) AS object,
  'there is no such role, so nothing that depends on it was looked at' AS detail,
  '-- name the role that the application connects as, or run `migrate up`' AS repair
WHERE NOT EXISTS (SELECT FROM app)
