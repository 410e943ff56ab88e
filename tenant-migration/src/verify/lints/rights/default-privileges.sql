SELECT format('default privileges of role %I%s', pg_get_userbyid(a.defaclrole), ' in schema ' || quote_ident(n.nspname)) AS object,
  format('%s made later give %s to %s at once, before anybody has thought of policies', kind.name,
    string_agg(acl.privilege_type, ', ' ORDER BY acl.privilege_type), g.ident) AS detail,
  format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE ALL ON %s FROM %s;', pg_get_userbyid(a.defaclrole),
    ' IN SCHEMA ' || quote_ident(n.nspname), upper(kind.name), g.ident) AS repair
FROM pg_default_acl a
LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
JOIN (VALUES ('r', 'tables'), ('S', 'sequences'), ('n', 'schemas')) AS kind (letter, name) ON kind.letter = a.defaclobjtype::text
CROSS JOIN LATERAL aclexplode(a.defaclacl) AS acl
JOIN grantees g ON g.oid = acl.grantee
WHERE acl.grantee <> a.defaclrole
  -- To use a schema or a sequence shows no row.
  AND NOT (a.defaclobjtype IN ('n', 'S') AND acl.privilege_type = 'USAGE')
GROUP BY a.defaclrole, n.nspname, kind.name, g.ident
