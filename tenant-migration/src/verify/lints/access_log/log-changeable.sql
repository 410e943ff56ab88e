SELECT 'table ' || log.ident AS object,
  format('its trigger %I %s', wanted.name, CASE WHEN t.oid IS NULL THEN 'is missing' ELSE 'does not always fire' END) AS detail,
  CASE WHEN t.oid IS NULL THEN '-- run `migrate up`, which makes the log''s triggers anew'
    ELSE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I;', log.ident, wanted.name) END AS repair
FROM log
-- 1 each row, 2 before, 8 delete, 16 update, 32 truncate.
JOIN (VALUES ('access_log', 'keep_log', 27), ('access_log', 'keep_log_whole', 34), ('access_log_values', 'keep_log', 19))
  AS wanted (root, name, type) ON wanted.root = log.root_name
LEFT JOIN (pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid AND p.proname = 'keep_log')
  ON t.tgrelid = log.oid AND t.tgname = wanted.name AND t.tgtype = wanted.type AND p.pronamespace = log.namespace
-- What is done to the whole log is done to its root.
WHERE t.tgenabled IS DISTINCT FROM 'A' AND (log.oid = log.root OR wanted.name = 'keep_log')
