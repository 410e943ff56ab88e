SELECT format('setting %s of %s', setting.name, owner.ident) AS object,
  format('new sessions of the application begin with %s', line) AS detail,
  owner.reset || setting.name || ';' AS repair
FROM app, pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS line
CROSS JOIN LATERAL (SELECT split_part(line, '=', 1) AS name) AS setting
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
CROSS JOIN LATERAL (SELECT
  coalesce(nullif(concat_ws(' in ', 'role ' || quote_ident(r.rolname), 'database ' || quote_ident(d.datname)), ''), 'all roles') AS ident,
  CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL RESET '
    WHEN r.oid IS NULL THEN format('ALTER DATABASE %I RESET ', d.datname)
    ELSE format('ALTER ROLE %I%s RESET ', r.rolname, ' IN DATABASE ' || quote_ident(d.datname)) END AS reset) AS owner
WHERE s.setrole IN (0, app.oid) AND (s.setdatabase = 0 OR d.datname = current_database())
  AND setting.name IN ('search_path', 'row_security', 'session_replication_role', 'role', 'standard_conforming_strings',
    'local_preload_libraries', 'session_preload_libraries')
  AND line NOT IN ('row_security=on', 'session_replication_role=origin', 'standard_conforming_strings=on')
