-- Large objects know no policies.
SELECT 'large object ' || m.oid AS object,
  format('%s %s it, whichever tenant is bound', coalesce('role ' || quote_ident(held.rolname), 'PUBLIC'),
    CASE WHEN g.grantee = m.lomowner THEN 'owns' ELSE 'may read or write' END) AS detail,
  CASE WHEN g.grantee = m.lomowner THEN format('ALTER LARGE OBJECT %s OWNER TO …;', m.oid)
    ELSE format('REVOKE ALL ON LARGE OBJECT %s FROM %s;', m.oid, coalesce(quote_ident(held.rolname), 'PUBLIC')) END AS repair
FROM pg_largeobject_metadata m
CROSS JOIN LATERAL (SELECT DISTINCT grantee FROM aclexplode(coalesce(m.lomacl, acldefault('L', m.lomowner)))) AS g
LEFT JOIN held ON held.oid = g.grantee
WHERE g.grantee = 0 OR held.oid IS NOT NULL
