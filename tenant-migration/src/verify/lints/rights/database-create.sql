SELECT 'database ' || quote_ident(d.datname) AS object,
  format('%s may create schemas in it', g.who) AS detail,
  format('REVOKE CREATE ON DATABASE %I FROM %s;', d.datname, g.ident) AS repair
FROM pg_database d CROSS JOIN LATERAL aclexplode(d.datacl) AS acl JOIN grantees g ON g.oid = acl.grantee
-- An owner has all rights, and is named by a lint of its own.
WHERE d.datname = current_database() AND acl.privilege_type = 'CREATE' AND acl.grantee <> d.datdba
GROUP BY d.datname, g.who, g.ident
