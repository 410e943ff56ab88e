-- Rights by which the session could put something of its own in the place of what the walls rest on, or switch that off.
SELECT held.what, held.repair
FROM pg_catalog.pg_database d,
  LATERAL (
    SELECT 'CREATE on database ' || pg_catalog.quote_ident(d.datname),
           'REVOKE CREATE ON DATABASE ' || pg_catalog.quote_ident(d.datname) || ' FROM '
    WHERE pg_catalog.has_database_privilege(current_user, d.oid, 'CREATE')
    UNION ALL
    SELECT 'TEMPORARY on database ' || pg_catalog.quote_ident(d.datname),
           'REVOKE TEMPORARY ON DATABASE ' || pg_catalog.quote_ident(d.datname) || ' FROM '
    WHERE pg_catalog.has_database_privilege(current_user, d.oid, 'TEMPORARY')
    UNION ALL
    SELECT 'CREATE on schema ' || pg_catalog.quote_ident(n.nspname),
           'REVOKE CREATE ON SCHEMA ' || pg_catalog.quote_ident(n.nspname) || ' FROM '
    FROM pg_catalog.pg_namespace n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND pg_catalog.has_schema_privilege(current_user, n.oid, 'CREATE')
    UNION ALL
    -- It switches triggers off, and with them foreign keys and the audit.
    SELECT 'SET on parameter session_replication_role', 'REVOKE SET ON PARAMETER session_replication_role FROM '
    WHERE pg_catalog.has_parameter_privilege(current_user, 'session_replication_role', 'SET')
  ) AS held (what, repair)
WHERE d.datname = pg_catalog.current_database()
