-- MAINTAIN came with PostgreSQL 17.
SELECT 'table ' || f.ident AS object,
  format('%s has %s on it, which row-level security does not hold', grantee.ident, string_agg(DISTINCT g.right, ', ' ORDER BY g.right))
    AS detail,
  format('REVOKE %s ON %s FROM %s;', string_agg(DISTINCT g.right, ', ' ORDER BY g.right), f.ident, grantee.ident) AS repair
FROM family f JOIN pg_class c ON c.oid = f.oid
CROSS JOIN LATERAL (
  SELECT acl.grantee, acl.privilege_type FROM aclexplode(c.relacl) AS acl
  UNION
  SELECT acl.grantee, acl.privilege_type FROM pg_attribute a, aclexplode(a.attacl) AS acl WHERE a.attrelid = c.oid
) AS g (grantee, "right")
-- SET ROLE is one statement away.
LEFT JOIN reach ON reach.oid = g.grantee
CROSS JOIN LATERAL (SELECT coalesce(reach.ident, 'PUBLIC') AS ident) AS grantee
WHERE g.right IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN') AND (g.grantee = 0 OR reach.oid IS NOT NULL)
  -- An owner has all rights, and is named by a lint of its own.
  AND g.grantee <> c.relowner
GROUP BY f.ident, grantee.ident
