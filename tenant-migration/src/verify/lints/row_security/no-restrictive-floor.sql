SELECT 'table ' || s.ident AS object,
  format('no restrictive policy for all commands holds role %s to its tenant', app.ident) AS detail,
  format('CREATE POLICY tenant_floor ON %1$s AS RESTRICTIVE TO %2$s USING (%3$I = …) WITH CHECK (%3$I = …);',
    s.ident, app.ident, s.key) AS repair
FROM family s, app
-- A partition without permissive policies of its own shows nothing to who names it.
WHERE (s.oid = s.root OR EXISTS (SELECT FROM policies p WHERE p.relid = s.oid AND p.permissive AND p.holds_app)) AND NOT EXISTS (
  SELECT FROM policies p
  -- Without WITH CHECK the rows that are written are judged by USING; without USING nothing holds a reader.
  WHERE p.relid = s.oid AND NOT p.permissive AND p.holds_app AND p.command = '*'
    AND p.using_equals AND (p."check" IS NULL OR p.check_equals))
