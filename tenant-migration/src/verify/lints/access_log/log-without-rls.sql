SELECT 'table ' || log.ident AS object,
  format('row-level security is %s on it', CASE WHEN c.relrowsecurity THEN 'not forced' ELSE 'off' END) AS detail,
  format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', log.ident) AS repair
FROM log JOIN pg_class c USING (oid)
WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)
