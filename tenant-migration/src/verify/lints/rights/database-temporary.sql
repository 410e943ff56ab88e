SELECT 'database ' || quote_ident(d.datname) AS object,
  format('%s may create temporary tables, which stand before others of their name and keep rows between tenants', g.who) AS detail,
  format('REVOKE TEMPORARY ON DATABASE %I FROM %s;', d.datname, g.ident) AS repair
FROM pg_database d CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS acl
JOIN grantees g ON g.oid = acl.grantee
-- An owner has all rights, and is named by a lint of its own.
WHERE d.datname = current_database() AND acl.privilege_type = 'TEMPORARY' AND acl.grantee <> d.datdba
GROUP BY d.datname, g.who, g.ident
