SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  'a permissive policy names no role, so it holds for every role of the server, today''s and those to come' AS detail,
  format('ALTER POLICY %s ON %s TO %s;', p.ident, p."table", app.ident) AS repair
FROM policies p, app
WHERE p.permissive AND 0 = ANY (p.roles)
