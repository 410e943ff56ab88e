-- The partitions of the access log whose months ended $1 months ago or more: each with its month, the end of that in microseconds
-- since 1970, how many entries it has, and how many of those no seal covers. Run as the role that reads all of the log.
WITH old AS (
  SELECT part.relname::text AS part, parent.relname = 'access_log' AS has_entries, bounds.first, bounds.last
  FROM pg_catalog.pg_inherits i
  JOIN pg_catalog.pg_class part ON part.oid = i.inhrelid
  JOIN pg_catalog.pg_class parent ON parent.oid = i.inhparent,
  LATERAL (SELECT pg_catalog.pg_get_expr(part.relpartbound, part.oid) AS text) AS bound,
  LATERAL (SELECT pg_catalog.substring(bound.text, 'FROM \(''([^'']*)')::timestamptz,
    pg_catalog.substring(bound.text, 'TO \(''([^'']*)')::timestamptz) AS bounds (first, last)
  WHERE parent.oid IN (pg_catalog.to_regclass('tenancy.access_log'), pg_catalog.to_regclass('tenancy.access_log_values'))
    AND bounds.last <= pg_catalog.now() - $1::integer * CAST('1 month' AS interval)
),
-- What the seals cover: 48 bytes an entry, its number and its time at the front.
sealed AS MATERIALIZED (
  SELECT leaf.entry, leaf.at
  FROM tenancy.access_log_batches b
  -- In memory once, and not once for each piece.
  CROSS JOIN LATERAL (SELECT b.leaves || CAST('' AS bytea) AS leaves OFFSET 0) AS whole
  CROSS JOIN LATERAL pg_catalog.generate_series(0, pg_catalog.octet_length(whole.leaves) / 48 - 1) AS place
  CROSS JOIN LATERAL (
    SELECT CAST(CAST('x' || pg_catalog.encode(pg_catalog.substring(whole.leaves, place * 48 + 1, 8), 'hex') AS bit(64)) AS bigint),
      CAST(CAST('x' || pg_catalog.encode(pg_catalog.substring(whole.leaves, place * 48 + 9, 8), 'hex') AS bit(64)) AS bigint)
  ) AS leaf (entry, at)
  WHERE leaf.at < (SELECT extract(epoch FROM pg_catalog.max(last)) * 1000000 FROM old)
)
SELECT old.part, pg_catalog.to_char(old.first AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
  CAST(extract(epoch FROM old.last) * 1000000 AS bigint) AS ends, entries.number AS entries, entries.unsealed
FROM old
CROSS JOIN LATERAL (
  SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE s.entry IS NULL)
  FROM tenancy.access_log e
  LEFT JOIN sealed s ON s.entry = e.entry AND s.at = CAST(extract(epoch FROM e.at) * 1000000 AS bigint)
  WHERE old.has_entries AND e.at >= old.first AND e.at < old.last
) AS entries (number, unsealed)
ORDER BY old.first, old.part
