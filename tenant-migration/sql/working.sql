-- What the session of process $1 is at, and who is in its way.
SELECT p.phase,
  CASE
    WHEN p.phase LIKE 'waiting%' THEN NULL
    WHEN p.tuples_total > 0 THEN CAST(p.tuples_done AS float8) / p.tuples_total
    WHEN p.blocks_total > 0 THEN CAST(p.blocks_done AS float8) / p.blocks_total
  END AS share,
  (SELECT pg_catalog.string_agg(pg_catalog.concat(
      pg_catalog.format('process %s of role %s', a.pid, coalesce(a.usename, 'nobody')),
      ', in a transaction since ' || CAST(pg_catalog.date_trunc('second', a.xact_start) AS text)), '; ')
    FROM pg_catalog.pg_stat_activity a WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1))) AS blockers
FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.pid = $1
