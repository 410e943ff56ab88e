SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  format('%s is the constant true', concat_ws(' and ', CASE WHEN p."using" = 'true' THEN 'USING' END,
    CASE WHEN p."check" = 'true' THEN 'WITH CHECK' END)) AS detail,
  format('ALTER POLICY %s ON %s%s%s;', p.ident, p."table",
    CASE WHEN p."using" = 'true' THEN format(' USING (%I = …)', p.key) END,
    CASE WHEN p."check" = 'true' THEN format(' WITH CHECK (%I = …)', p.key) END) AS repair
FROM policies p
WHERE p.holds_app AND (p."using" = 'true' OR p."check" = 'true')
