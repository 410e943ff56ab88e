SELECT 'schema ' || quote_ident(n.nspname) AS object,
  format('%s may create objects in it, which can stand in the place of those that policies and statements mean', g.who) AS detail,
  CASE g.oid WHEN n.nspowner THEN format('ALTER SCHEMA %I OWNER TO …;', n.nspname)
    ELSE format('REVOKE CREATE ON SCHEMA %I FROM %s;', n.nspname, g.ident) END AS repair
FROM pg_namespace n CROSS JOIN LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS acl
JOIN grantees g ON g.oid = acl.grantee
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND acl.privilege_type = 'CREATE'
GROUP BY n.nspname, n.nspowner, g.oid, g.who, g.ident
