SELECT 'table ' || f.ident AS object,
  format('PUBLIC has %s on it: every role of the server, whether a policy was written with it in mind or not',
    string_agg(r."right", ', ' ORDER BY r."right")) AS detail,
  format('REVOKE ALL ON %s FROM PUBLIC;', f.ident) AS repair
FROM family f JOIN rights r ON r.relid = f.oid
WHERE r.ident = 'PUBLIC' AND r."right" IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
GROUP BY f.ident
