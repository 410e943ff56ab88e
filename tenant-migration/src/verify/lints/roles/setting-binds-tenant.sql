-- The framework's variables, and those that policies ask for.
SELECT format('setting %s of %s', setting.name, setting.owner) AS object,
  format('every new session begins with %s, so nobody has to bind a tenant', setting.name) AS detail,
  setting.reset || CASE WHEN setting.name = lower(setting.name) THEN setting.name ELSE quote_ident(setting.name) END || ';' AS repair
FROM settings setting
WHERE (setting.name ILIKE 'tenancy.%' OR lower(setting.name) IN (SELECT name FROM binding))
  AND (setting.role = 0 OR setting.role IN (SELECT oid FROM reach)) AND setting.value <> ''
UNION ALL
-- What the server's files set, pg_settings doesn't show, and this session has as every other: unless its own role or database
-- says otherwise.
SELECT format('setting %s of the server', binding.name),
  CASE WHEN own.value IS NULL THEN format('this session began with %s, which nothing of its role or database sets: the server''s '
      || 'files or the connection''s own options do', binding.name)
    ELSE format('%s sets %s, so whether the server''s files bind a tenant can''t be seen from this session', own.owner, binding.name) END,
  CASE WHEN own.value IS NULL THEN format('-- take %s out of postgresql.conf, or ALTER SYSTEM RESET it; then: SELECT pg_reload_conf();', binding.name)
    ELSE '-- run verify as a role without the setting' END
FROM binding LEFT JOIN LATERAL (
  SELECT s.owner, s.value FROM settings s JOIN pg_roles r ON r.rolname = session_user
  WHERE lower(s.name) = binding.name AND s.role = r.oid LIMIT 1
) AS own ON true
-- What is set for everybody is named above.
WHERE (own.value IS NOT NULL OR current_setting(binding.name, true) <> '')
  AND NOT EXISTS (SELECT FROM settings s WHERE lower(s.name) = binding.name AND s.role = 0 AND s.value <> '')
