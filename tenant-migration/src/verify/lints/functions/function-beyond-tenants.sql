-- What `migrate up` closes, but for dblink's, of which a lint of its own names those that connect. Where it never could, or never
-- ran, all of them are one finding.
SELECT found.object, found.detail, found.repair
FROM (
  SELECT b.oid, p.proname, c.grantee, c.ident, c.who, bool_and(has_function_privilege('public', b.oid, 'EXECUTE')) OVER () AS never_closed
  FROM beyond_tenants b JOIN pg_proc p ON p.oid = b.oid AND p.pronamespace = 'pg_catalog'::regnamespace
  LEFT JOIN callable c ON c.oid = b.oid AND c.grantee <> p.proowner
  -- Those that were closed from the start are another lint's.
  LEFT JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = b.oid
  WHERE i.objoid IS NULL
) AS reached
CROSS JOIN LATERAL (
  SELECT 'database ' || quote_ident(current_database()) AS object,
    format('PUBLIC may execute what reaches beyond one tenant, such as %s: nothing of it was ever closed', reached.proname) AS detail,
    '-- run `migrate up` once as a superuser on a new database, or: REVOKE EXECUTE ON FUNCTION … FROM PUBLIC;' AS repair
  WHERE reached.never_closed AND reached.proname = 'pg_stat_get_activity'
  UNION ALL
  SELECT 'function ' || reached.oid::regprocedure,
    format('%s may execute it: it shows, stops or holds up other tenants'' sessions, or runs a query given as text', reached.who),
    format('REVOKE EXECUTE ON FUNCTION %s FROM %s;', reached.oid::regprocedure, reached.ident)
  WHERE NOT reached.never_closed AND reached.grantee IS NOT NULL
) AS found
