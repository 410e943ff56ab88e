-- Large objects know no policies.
SELECT DISTINCT 'large object ' || m.oid AS object,
  format('%s %s it, whichever tenant is bound', g.who, CASE g.oid WHEN m.lomowner THEN 'owns' ELSE 'may read or write' END) AS detail,
  CASE g.oid WHEN m.lomowner THEN format('ALTER LARGE OBJECT %s OWNER TO …;', m.oid)
    ELSE format('REVOKE ALL ON LARGE OBJECT %s FROM %s;', m.oid, g.ident) END AS repair
FROM pg_largeobject_metadata m
CROSS JOIN LATERAL aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner))) AS acl
JOIN grantees g ON g.oid = acl.grantee
