-- Only with a registry, which says what all the tables are.
SELECT 'table ' || t.ident AS object,
  format('role %s may read or write it, and the registry does not know it: no wall stands before its rows', app.ident) AS detail,
  format('REVOKE ALL ON %s FROM PUBLIC, %s; -- or describe it with #[tenant_scoped] or #[tenant_shared]', t.ident, app.ident) AS repair
FROM app, described, LATERAL (
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS ident
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND c.oid NOT IN (SELECT oid FROM live) AND c.oid NOT IN (SELECT oid FROM family)
    AND NOT EXISTS (
      SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
) AS t
-- The framework's own record is there to be read.
CROSS JOIN LATERAL (SELECT CASE WHEN t.oid = to_regclass('tenancy.deployment') THEN 'INSERT, UPDATE' ELSE 'SELECT, INSERT, UPDATE' END)
  AS forbidden (rights)
WHERE described.registry <> '{}' AND NOT app.rolsuper
  AND (has_any_column_privilege(app.oid, t.oid, forbidden.rights) OR has_table_privilege(app.oid, t.oid, 'DELETE'))
  -- An owner has all rights, and is named by a lint of its own.
  AND t.oid NOT IN (SELECT c.oid FROM pg_class c JOIN reach ON reach.oid = c.relowner)
