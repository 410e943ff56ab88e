SELECT 'function ' || p.oid::regprocedure AS object,
  format('%s may execute it, and it runs with the rights of %I, who %s', caller.who, o.rolname,
    CASE WHEN o.rolsuper THEN 'is a superuser' WHEN o.rolbypassrls THEN 'has BYPASSRLS'
      WHEN owns.tables THEN 'owns tables of tenants' ELSE 'is shown rows of all tenants by a policy' END) AS detail,
  format('ALTER FUNCTION %1$s SECURITY INVOKER; -- or: REVOKE EXECUTE ON FUNCTION %1$s FROM %2$s;',
    p.oid::regprocedure, caller.ident) AS repair
FROM pg_proc p JOIN callable caller ON caller.oid = p.oid JOIN pg_roles o ON o.oid = p.proowner JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (SELECT EXISTS (
  SELECT FROM family f JOIN pg_class c ON c.oid = f.oid WHERE pg_has_role(o.oid, c.relowner, 'USAGE')) AS tables) AS owns
WHERE p.prosecdef AND caller.grantee <> p.proowner AND p.oid NOT IN (SELECT oid FROM asked) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  -- What writes the access log is of its owner, who may not read it back.
  AND NOT (n.nspname = 'tenancy' AND p.proname IN ('pass_fence', 'record_accesses', 'record_refused_start', 'record_system_access')
    AND p.proowner IN (SELECT owner FROM log))
  -- A trigger's function is run by its trigger alone, on rows that the caller could write.
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND (o.rolsuper OR o.rolbypassrls OR owns.tables OR EXISTS (
    SELECT FROM policies, unnest(policies.roles) AS named
    WHERE policies.shows_all AND named <> 0 AND pg_has_role(o.oid, named, 'USAGE')))
  AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
