SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  format('a permissive policy that holds for the application does not read the column %I: it says %s', p.key,
    coalesce(p."using", p."check")) AS detail,
  format('ALTER POLICY %s ON %s %s (%I = …); -- or DROP POLICY, where another shows the tenant''s rows', p.ident, p."table",
    CASE p.command WHEN 'a' THEN 'WITH CHECK' ELSE 'USING' END, p.key) AS repair
FROM policies p
WHERE p.holds_app AND p.permissive AND NOT p.on_tenant
  AND p."using" IS DISTINCT FROM 'true' AND p."check" IS DISTINCT FROM 'true'
  -- USING (false) shows nothing to anybody.
  AND coalesce(p."using", p."check") <> 'false'
