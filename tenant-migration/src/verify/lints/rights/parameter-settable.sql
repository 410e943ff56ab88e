-- Rights on parameters are the whole server's. A part of a name may need quotes, the dot between them must not have any.
SELECT 'parameter ' || p.parname AS object,
  format('%s may change it (%s), and with it what protects all tenants', g.who, string_agg(acl.privilege_type, ', ' ORDER BY acl.privilege_type))
    AS detail,
  format('REVOKE ALL ON PARAMETER %s FROM %s;', name.ident, g.ident) AS repair
FROM pg_parameter_acl p CROSS JOIN LATERAL aclexplode(p.paracl) AS acl JOIN grantees g ON g.oid = acl.grantee,
  LATERAL (SELECT string_agg(quote_ident(part), '.' ORDER BY place) AS ident
    FROM unnest(string_to_array(p.parname, '.')) WITH ORDINALITY AS parts (part, place)) AS name
GROUP BY p.parname, name.ident, g.who, g.ident
