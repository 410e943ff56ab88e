-- The tables outside the system's schemas that have the column $1, without the framework's: its log has lints of its own, and nobody
-- but the owner may read which organisations are fenced or moved.
SELECT n.nspname::text, c.relname::text
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = $1 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT (n.nspname = 'tenancy' AND (c.relname LIKE 'access\_log%' OR c.relname = 'fences'))
  AND NOT (n.nspname = 'tenancy_catalog' AND c.relname = 'moves')
ORDER BY 1, 2
