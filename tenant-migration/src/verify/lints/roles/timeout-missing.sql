SELECT 'role ' || app.ident AS object,
  format('%s is not set for it: one tenant''s statement can hold a connection or a lock for as long as it likes', wanted.name) AS detail,
  format('ALTER ROLE %s SET %s = %L;', app.ident, wanted.name, wanted.value) AS repair
FROM app, (VALUES ('statement_timeout', '30s'), ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '60s'))
  AS wanted (name, value)
WHERE NOT EXISTS (
    SELECT FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS line
    WHERE s.setrole IN (0, app.oid) AND (s.setdatabase = 0 OR d.datname = current_database())
      AND split_part(line, '=', 1) = wanted.name AND split_part(line, '=', 2) !~ '^0+[a-z]*$')
  -- The server's own configuration counts too.
  AND NOT EXISTS (
    SELECT FROM pg_settings p
    WHERE p.name = wanted.name AND p.source IN ('configuration file', 'command line') AND p.setting <> '0')
