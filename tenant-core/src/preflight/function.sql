-- A function that policies ask.
SELECT l.lanname::text AS language, p.provolatile = 's' AS stable, p.prosecdef AS definer, pg_catalog.format_type(p.prorettype, NULL) AS returns,
       EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) setting WHERE setting ~ '^search_path=.*pg_temp$') AS pinned,
       pg_catalog.pg_get_userbyid(p.proowner)::text AS owner,
       pg_catalog.pg_has_role(current_user, p.proowner, 'MEMBER') OR pg_catalog.pg_has_role(current_user, n.nspowner, 'MEMBER')
         OR pg_catalog.pg_has_role(current_user, d.datdba, 'MEMBER') AS owned,
       pg_catalog.has_schema_privilege(current_user, n.oid, 'USAGE')
         AND pg_catalog.has_function_privilege(current_user, p.oid, 'EXECUTE') AS callable
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
WHERE n.nspname = 'tenancy' AND p.proname = $1 AND p.pronargs = 0
