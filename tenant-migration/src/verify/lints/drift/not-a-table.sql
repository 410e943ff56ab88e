SELECT format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table'
    ELSE 'relation' END, g.schema, g.name) AS object,
  format('the registry describes a table of this name (pg_class.relkind is %s)', c.relkind) AS detail,
  '-- drop or rename it, and make the table as `migrate plan` prints it' AS repair
FROM given g JOIN pg_namespace n ON n.nspname = g.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = g.name
WHERE c.relkind NOT IN ('r', 'p')
