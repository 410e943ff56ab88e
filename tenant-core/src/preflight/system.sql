-- How uses of the system connection are logged, and which roles the session must not be a member of.
SELECT (SELECT p.prosecdef AND p.prorettype = 'pg_catalog.int8'::pg_catalog.regtype
          AND EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) setting WHERE setting ~ '^search_path=.*pg_temp$')
          AND pg_catalog.has_function_privilege(current_user, p.oid, 'EXECUTE')
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'tenancy' AND p.proname = 'record_system_access'
          AND p.proargtypes::text = 'pg_catalog.uuid'::pg_catalog.regtype::pg_catalog.oid::text) AS records,
       -- A restrictive policy holds whoever is a member of its role.
       ARRAY(SELECT DISTINCT pg_catalog.pg_get_userbyid(held)::text
             FROM pg_catalog.pg_policy p, pg_catalog.unnest(p.polroles) held
             WHERE NOT p.polpermissive AND held <> 0
               -- Its own, which says whose rows are another database's.
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
                 AND d.objid = p.oid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                 AND d.refobjid = pg_catalog.to_regprocedure('tenancy.moved_away()'))
               AND (pg_catalog.pg_has_role(current_user, held, 'MEMBER') OR pg_catalog.pg_has_role(session_user, held, 'MEMBER'))
             ORDER BY 1) AS groups
