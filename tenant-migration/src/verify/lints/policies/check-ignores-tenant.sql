SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  format('WITH CHECK does not read the column %I, although USING does: it says %s', p.key, p."check") AS detail,
  format('ALTER POLICY %s ON %s WITH CHECK (%I = …);', p.ident, p."table", p.key) AS repair
FROM policies p
WHERE p.holds_app AND p.using_tenant AND NOT p.check_tenant AND p."check" NOT IN ('true', 'false')
