SELECT format('setting %s of %s', setting.name, setting.owner) AS object,
  format('new sessions of the application begin with %s=%s', setting.name, setting.value) AS detail,
  setting.reset || setting.name || ';' AS repair
FROM app JOIN settings setting ON setting.role IN (0, app.oid)
WHERE setting.name IN ('search_path', 'row_security', 'session_replication_role', 'role', 'standard_conforming_strings',
    'local_preload_libraries', 'session_preload_libraries')
  AND (setting.name, setting.value) NOT IN (
    ('row_security', 'on'), ('session_replication_role', 'origin'), ('standard_conforming_strings', 'on'))
