SELECT 'table ' || log.ident AS object,
  format('%s has %s on it', who.name, string_agg(DISTINCT acl."right", ', ')) AS detail,
  format('REVOKE %s ON %s FROM %s;', string_agg(DISTINCT acl."right", ', '), log.ident, who.name) AS repair
FROM log
JOIN pg_class c USING (oid)
CROSS JOIN LATERAL (
  SELECT own.grantee, own.privilege_type FROM aclexplode(c.relacl) AS own
  UNION
  SELECT part.grantee, part.privilege_type FROM pg_attribute a, aclexplode(a.attacl) AS part WHERE a.attrelid = c.oid
) AS acl (grantee, "right")
CROSS JOIN LATERAL (SELECT CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(acl.grantee)) END) AS who (name)
WHERE (acl."right" <> 'SELECT' OR log.oid <> log.root)
  AND (acl.grantee = 0 OR NOT pg_has_role(acl.grantee, log.owner, 'MEMBER'))
GROUP BY log.ident, who.name
