SELECT DISTINCT 'table ' || s.ident AS object,
  format('%s permissive policies hold for role %s and one command, and a row that any of them shows is shown: %s',
    count(*), app.ident, string_agg(p.ident, ', ' ORDER BY p.ident)) AS detail,
  '-- put the conditions into one policy, or make those that must hold besides AS RESTRICTIVE' AS repair
FROM scoped s JOIN policies p ON p.relid = s.oid, app, unnest(ARRAY['r', 'a', 'w', 'd']) AS one
WHERE p.permissive AND p.holds_app AND p.command::text IN ('*', one)
GROUP BY s.ident, app.ident, one HAVING count(*) > 1
