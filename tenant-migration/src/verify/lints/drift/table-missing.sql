SELECT format('table %I.%I', g.schema, g.name) AS object,
  'the registry describes it, and there is no relation of this name' AS detail,
  '-- run `migrate up`; if it was dropped by hand, make it again as `migrate plan` prints it' AS repair
FROM given g
WHERE NOT EXISTS (
  SELECT FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid WHERE n.nspname = g.schema AND c.relname = g.name)
