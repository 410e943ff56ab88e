-- What doesn't read the tenant column at all, and the constants, are other lints'.
SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  format('a permissive policy that holds for the application reads the column %I, but rows of other tenants can pass its %s', p.key,
    concat_ws(' and its ', CASE WHEN bad."using" THEN 'USING: ' || p."using" END, CASE WHEN bad."check" THEN 'WITH CHECK: ' || p."check" END))
    AS detail,
  format('ALTER POLICY %s ON %s%s%s;', p.ident, p."table", CASE WHEN bad."using" THEN format(' USING (%I = …)', p.key) END,
    CASE WHEN bad."check" THEN format(' WITH CHECK (%I = …)', p.key) END) AS repair
FROM policies p, LATERAL (SELECT
    p."using" NOT IN ('true', 'false') AND NOT p.using_held AS "using",
    p."check" NOT IN ('true', 'false') AND NOT p.check_held AND (p.check_tenant OR NOT p.using_tenant) AS "check") AS bad
WHERE p.permissive AND p.holds_app AND p.on_tenant AND (bad."using" OR bad."check")
