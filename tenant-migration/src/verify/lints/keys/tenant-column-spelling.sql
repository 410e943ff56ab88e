-- Only where tables are looked for by their column.
SELECT format('column %I of table %I.%I', a.attname, n.nspname, c.relname) AS object,
  format('but for upper and lower case it is the tenant column %I, so the table was not looked at', wanted.name) AS detail,
  format('ALTER TABLE %I.%I RENAME %I TO %I;', n.nspname, c.relname, a.attname, wanted.name) AS repair
FROM described CROSS JOIN LATERAL (SELECT described.registry ->> 'tenant_column' AS name) AS wanted
JOIN pg_attribute a ON lower(a.attname) = lower(wanted.name) AND a.attname <> wanted.name AND NOT a.attisdropped
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
WHERE c.oid NOT IN (SELECT oid FROM live)
