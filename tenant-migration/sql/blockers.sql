-- Who holds a lock on one of the tables ($1) other than those that are tolerated on it ($2, separated by commas).
SELECT pg_catalog.string_agg(DISTINCT pg_catalog.concat(
    pg_catalog.format('process %s of role %s', a.pid, coalesce(a.usename, 'nobody')),
    -- Other roles' transactions are shown to few.
    ', in a transaction since ' || CAST(pg_catalog.date_trunc('second', a.xact_start) AS text),
    CASE WHEN a.backend_type <> 'client backend' THEN ' (' || a.backend_type || ')' END), '; ')
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS asked (name, tolerated)
JOIN pg_catalog.pg_locks l ON l.relation = pg_catalog.to_regclass(asked.name)
JOIN pg_catalog.pg_stat_activity a USING (pid)
WHERE l.locktype = 'relation' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
  AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND l.mode <> ALL (pg_catalog.string_to_array(asked.tolerated, ','))
