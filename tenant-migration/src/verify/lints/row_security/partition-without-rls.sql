-- A statement that names the partition itself passes the partition's own policies, not its parent's.
SELECT 'table ' || f.ident AS object,
  format('it is a partition or child of %s, and row-level security is not %s on it', s.ident,
    CASE WHEN c.relrowsecurity THEN 'forced' ELSE 'enabled' END) AS detail,
  format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', f.ident) AS repair
FROM family f JOIN scoped s ON s.oid = f.root JOIN pg_class c ON c.oid = f.oid
WHERE f.oid <> f.root AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
UNION ALL
-- A statement that names a parent passes the parent's policies alone, and reads the rows of all its children.
SELECT format('table %I.%I', n.nspname, c.relname) AS object,
  format('it is a parent of %s, whose rows are read through it past their policies', f.ident) AS detail,
  format(CASE WHEN c.relkind = 'p' THEN 'REVOKE ALL ON %2$I.%3$I FROM PUBLIC, %4$s; -- or make it a table of tenants'
    ELSE 'ALTER TABLE %1$s NO INHERIT %2$I.%3$I;' END, f.ident, n.nspname, c.relname, app.ident) AS repair
FROM family f JOIN pg_inherits i ON i.inhrelid = f.oid JOIN pg_class c ON c.oid = i.inhparent
JOIN pg_namespace n ON n.oid = c.relnamespace, app
WHERE c.oid NOT IN (SELECT oid FROM family)
