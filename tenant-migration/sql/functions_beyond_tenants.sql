-- The functions that reach beyond one tenant: what `migrate up` closes to PUBLIC, and `migrate verify` looks at.
SELECT function.oid, proname LIKE ANY (of.statistics) AS is_statistics
FROM pg_catalog.pg_proc AS function, (SELECT
  -- What counts, measures or shows what all tenants do. The application's tenants are one role to the server, so it shows
  -- each of them the others' statements.
  ARRAY['pg_stat_get_activity', 'pg_stat_get_backend_%', 'pg_stat_get_db_%', 'pg_stat_get_xact_%', 'pg_stat_get_progress_info',
    'pg_stat_get_numscans', 'pg_stat_get_lastscan', 'pg_stat_get_tuples_%', 'pg_stat_get_live_tuples',
    'pg_stat_get_dead_tuples', 'pg_stat_get_mod_since_analyze', 'pg_stat_get_ins_since_vacuum', 'pg_stat_get_blocks_%',
    'pg_lock_status', 'pg_prepared_xact', 'pg_prepared_statement', 'pg_cursor', 'pg_blocking_pids',
    'pg_safe_snapshot_blocking_pids', 'pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size',
    'pg_database_size', 'pg_tablespace_size'] AS statistics,
  -- What stops, blocks or is shared with other tenants' sessions, and what runs a query given as text.
  ARRAY['pg_cancel_backend', 'pg_terminate_backend', 'pg_sleep', 'pg_sleep_for', 'pg_sleep_until', 'pg_advisory_lock',
    'pg_advisory_lock_shared', 'pg_advisory_xact_lock', 'pg_advisory_xact_lock_shared', 'pg_try_advisory_lock',
    'pg_try_advisory_lock_shared', 'pg_try_advisory_xact_lock', 'pg_try_advisory_xact_lock_shared', 'currval', 'lastval',
    'pg_sequence_last_value', 'pg_export_snapshot', 'lo\_%', 'loread', 'lowrite', 'query_to_xml%', 'cursor_to_xml%',
    'table_to_xml%', 'schema_to_xml%', 'database_to_xml%', 'ts_stat', 'ts_rewrite'] AS others,
  ARRAY[
    -- Holds tenants back while one of them moves, in a function that runs with the caller's rights.
    CAST(pg_catalog.to_regprocedure('pg_catalog.pg_try_advisory_xact_lock_shared(integer, integer)') AS oid),
    -- Runs no query, unlike its namesake.
    CAST(pg_catalog.to_regprocedure('pg_catalog.ts_rewrite(tsquery, tsquery, tsquery)') AS oid)] AS kept) AS of
WHERE pronamespace = CAST('pg_catalog' AS regnamespace) AND proname LIKE ANY (of.statistics || of.others) AND function.oid <> ALL (of.kept)
  OR EXISTS (
    SELECT FROM pg_catalog.pg_depend JOIN pg_catalog.pg_extension ON pg_extension.oid = refobjid
    WHERE refclassid = CAST('pg_catalog.pg_extension' AS regclass) AND extname = 'dblink'
      AND classid = CAST('pg_catalog.pg_proc' AS regclass) AND objid = function.oid AND deptype = 'e')
