SELECT 'function ' || a.ident AS object,
  'a policy asks it, and ' || found.how AS detail, found.repair
FROM asked a JOIN pg_namespace n ON n.oid = a.pronamespace CROSS JOIN LATERAL (
  SELECT format('role %s owns it or can become its owner, and could replace it', app.ident) AS how,
    format('ALTER FUNCTION %s OWNER TO …;', a.ident) AS repair
  FROM app WHERE a.proowner IN (SELECT oid FROM reach)
  UNION ALL
  SELECT format('%s may create objects in its schema, such as one that is a better match', coalesce(quote_ident(r.rolname), 'PUBLIC')),
    format('REVOKE CREATE ON SCHEMA %I FROM %s;', n.nspname, coalesce(quote_ident(r.rolname), 'PUBLIC'))
  FROM aclexplode(n.nspacl) AS acl LEFT JOIN pg_roles r ON r.oid = acl.grantee
  WHERE acl.privilege_type = 'CREATE' AND acl.grantee NOT IN (n.nspowner, a.proowner)
) AS found
