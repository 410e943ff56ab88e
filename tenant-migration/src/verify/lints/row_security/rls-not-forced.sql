SELECT 'table ' || s.ident AS object,
  format('row-level security does not hold the owner %I', pg_get_userbyid(c.relowner)) AS detail,
  format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', s.ident) AS repair
FROM scoped s JOIN pg_class c USING (oid)
WHERE c.relrowsecurity AND NOT c.relforcerowsecurity
