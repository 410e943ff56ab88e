SELECT format('policy %I on table %s', p.polname, log.ident) AS object,
  format('it shows %s entries about all tenants', string_agg(CASE role.oid WHEN 0 THEN 'PUBLIC'
    ELSE 'role ' || quote_ident(pg_get_userbyid(role.oid)) END, ', ')) AS detail,
  format('DROP POLICY %I ON %s; -- the framework''s own are made anew by `migrate up`', p.polname, log.ident) AS repair
FROM log
JOIN pg_policy p ON p.polrelid = log.oid
LEFT JOIN judged j ON j.attnum = log.attnum AND j.tree = p.polqual::text
CROSS JOIN LATERAL unnest(p.polroles) AS role (oid)
WHERE p.polpermissive AND p.polcmd <> 'a' AND j.equals IS NOT TRUE AND CASE
  WHEN role.oid = 0 OR role.oid IN (SELECT oid FROM app) THEN true
  -- The sealer's role has the owner's rights.
  WHEN pg_has_role(role.oid, log.owner, 'MEMBER') THEN false
  -- Who works across tenants says why.
  ELSE NOT EXISTS (
    SELECT FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid AND f.proname = 'system_access' AND f.pronamespace = log.namespace
    WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass) END
GROUP BY p.polname, log.ident
UNION ALL
SELECT 'table ' || log.ident, format('no restrictive policy holds role %s to the entries of its tenant', app.ident),
  '-- run `migrate up`, which makes the log''s policies anew'
FROM log, app
WHERE log.oid = log.root AND NOT EXISTS (
  SELECT FROM pg_policy p
  JOIN judged j ON j.attnum = log.attnum AND j.tree = p.polqual::text AND j.equals
  WHERE p.polrelid = log.oid AND NOT p.polpermissive AND p.polcmd IN ('*', 'r')
    AND (0 = ANY (p.polroles) OR EXISTS (SELECT FROM held WHERE held.oid = ANY (p.polroles))))
