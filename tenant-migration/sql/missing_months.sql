-- The months from this one to $2 ahead, in UTC, for which a table of the access log has no partition.
SELECT months.month
FROM (
  SELECT pg_catalog.to_char(pg_catalog.date_trunc('month', pg_catalog.now() AT TIME ZONE 'UTC') + ahead * CAST('1 month' AS interval),
    'YYYY_MM')
  FROM pg_catalog.generate_series(0, $2::integer) AS ahead
) AS months (month)
WHERE EXISTS (
  SELECT FROM pg_catalog.unnest(ARRAY['access_log', 'access_log_values']) AS parent
  WHERE pg_catalog.to_regclass('tenancy.' || parent) IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_inherits
    WHERE inhparent = pg_catalog.to_regclass('tenancy.' || parent)
      AND inhrelid = pg_catalog.to_regclass(pg_catalog.concat('tenancy.', parent, '_', months.month))))
ORDER BY 1
