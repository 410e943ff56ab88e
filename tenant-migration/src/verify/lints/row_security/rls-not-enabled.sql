SELECT 'table ' || s.ident AS object,
  'row-level security is off: every role with SELECT reads all tenants'' rows, and its policies do nothing' AS detail,
  format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', s.ident) AS repair
FROM scoped s JOIN pg_class c USING (oid)
WHERE NOT c.relrowsecurity
