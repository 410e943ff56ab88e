SELECT format('default privileges of role %I%s', pg_get_userbyid(a.defaclrole), ' in schema ' || quote_ident(n.nspname)) AS object,
  format('%s made later give %s to %s at once, before anybody has thought of policies', kind.name,
    string_agg(g.privilege_type, ', ' ORDER BY g.privilege_type), coalesce(quote_ident(held.rolname), 'PUBLIC')) AS detail,
  format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE ALL ON %s FROM %s;', pg_get_userbyid(a.defaclrole),
    ' IN SCHEMA ' || quote_ident(n.nspname), upper(kind.name), coalesce(quote_ident(held.rolname), 'PUBLIC')) AS repair
FROM pg_default_acl a
LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
JOIN (VALUES ('r', 'tables'), ('S', 'sequences'), ('n', 'schemas')) AS kind (letter, name) ON kind.letter = a.defaclobjtype::text
CROSS JOIN LATERAL aclexplode(a.defaclacl) AS g
LEFT JOIN held ON held.oid = g.grantee
WHERE (g.grantee = 0 OR held.oid IS NOT NULL) AND g.grantee <> a.defaclrole
  -- To use a schema or a sequence shows no row.
  AND NOT (a.defaclobjtype IN ('n', 'S') AND g.privilege_type = 'USAGE')
GROUP BY a.defaclrole, n.nspname, kind.name, held.rolname
