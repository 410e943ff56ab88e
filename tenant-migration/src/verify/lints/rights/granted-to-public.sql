SELECT 'table ' || f.ident AS object,
  format('PUBLIC has %s on it: every role of the server, whether a policy was written with it in mind or not',
    string_agg(DISTINCT acl.privilege_type, ', ' ORDER BY acl.privilege_type)) AS detail,
  format('REVOKE ALL ON %s FROM PUBLIC;', f.ident) AS repair
FROM family f JOIN pg_class c ON c.oid = f.oid, LATERAL (
  SELECT own.grantee, own.privilege_type FROM aclexplode(c.relacl) AS own
  UNION ALL
  SELECT part.grantee, part.privilege_type FROM pg_attribute a, aclexplode(a.attacl) AS part WHERE a.attrelid = c.oid
) AS acl
WHERE acl.grantee = 0 AND acl.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
GROUP BY f.ident
