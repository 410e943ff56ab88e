-- The functions without arguments, and those whose first is a constant, that a policy on the tenant column names: who is asked
-- which tenant is bound.
SELECT format('policy %s on table %s', deviant.ident, deviant."table") AS object,
  format('it asks %s for the tenant, and most policies ask %s', nullif(deviant.source, ''), common.source) AS detail,
  format('ALTER POLICY %s ON %s%s%s;', deviant.ident, deviant."table",
    CASE WHEN deviant."using" IS NOT NULL THEN format(' USING (%I = …)', deviant.key) END,
    CASE WHEN deviant."check" IS NOT NULL THEN format(' WITH CHECK (%I = …)', deviant.key) END) AS repair
FROM (
  SELECT p.ident, p."table", p.key, p."using", p."check", ARRAY(
      SELECT DISTINCT call[1]
      FROM regexp_matches(concat_ws(' ', p."using", p."check"), '([[:alnum:]_."]+\((?:\)|''[^'']*''))', 'g') AS call
      ORDER BY 1)::text AS source
  FROM policies p WHERE p.holds_app AND p.on_tenant
) AS deviant,
LATERAL (
  SELECT mode() WITHIN GROUP (ORDER BY each.source) AS source
  FROM (
    SELECT ARRAY(
      SELECT DISTINCT call[1]
      FROM regexp_matches(concat_ws(' ', p."using", p."check"), '([[:alnum:]_."]+\((?:\)|''[^'']*''))', 'g') AS call
      ORDER BY 1)::text AS source
    FROM policies p WHERE p.holds_app AND p.on_tenant
  ) AS each
) AS common
WHERE deviant.source <> common.source
