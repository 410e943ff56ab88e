-- What everybody may do in the database before the foundation is laid, and what the connected role may leave out.
SELECT CAST(current_user AS text) AS role, CAST(pg_catalog.current_database() AS text) AS database,
  pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'TEMPORARY') AS temporary,
  pg_catalog.has_database_privilege('public', pg_catalog.current_database(), 'CREATE') AS "create",
  coalesce(pg_catalog.has_schema_privilege('public', CAST(pg_catalog.to_regnamespace('public') AS oid), 'CREATE'), false)
    AS create_public,
  pg_catalog.has_parameter_privilege('session_replication_role', 'SET') AS silently
