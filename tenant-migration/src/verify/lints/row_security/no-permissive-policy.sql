SELECT 'table ' || s.ident AS object,
  format('no permissive policy holds for role %s, so it sees no row', app.ident) AS detail,
  format('CREATE POLICY tenant_isolation ON %1$s TO %2$s USING (%3$I = …) WITH CHECK (%3$I = …);', s.ident, app.ident, s.key) AS repair
FROM scoped s, app
WHERE NOT EXISTS (SELECT FROM policies p WHERE p.relid = s.oid AND p.permissive AND p.holds_app)
