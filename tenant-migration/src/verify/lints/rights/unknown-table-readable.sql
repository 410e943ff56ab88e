-- Only with a registry, which says what all the tables are.
SELECT DISTINCT 'table ' || t.ident AS object,
  format('%s may read or write it, and the registry does not know it: no wall stands before its rows', r.who) AS detail,
  format('REVOKE ALL ON %s FROM %s; -- or describe it with #[tenant_scoped] or #[tenant_shared]', t.ident, r.ident) AS repair
FROM described, rights r JOIN LATERAL (
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS ident
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = r.relid AND c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND c.oid NOT IN (SELECT oid FROM live) AND c.oid NOT IN (SELECT oid FROM family)
    -- An owner has all rights, and is named by a lint of its own.
    AND c.relowner NOT IN (SELECT oid FROM reach)
    AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
) AS t ON true
WHERE described.registry ? 'columns' -- The framework's own record is there to be read; its log has lints of its own.
  AND NOT (r."right" = 'SELECT' AND t.ident = 'tenancy.deployment') AND t.oid NOT IN (SELECT oid FROM log) AND r."right" IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
