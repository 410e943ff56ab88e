-- A statement that names the partition itself passes the partition's own policies, not its parent's.
SELECT 'table ' || f.ident AS object,
  format('it is a partition or child of %s, and row-level security is not %s on it', s.ident,
    CASE WHEN c.relrowsecurity THEN 'forced' ELSE 'enabled' END) AS detail,
  format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', f.ident) AS repair
FROM family f JOIN scoped s ON s.oid = f.root JOIN pg_class c ON c.oid = f.oid
WHERE f.oid <> f.root AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
