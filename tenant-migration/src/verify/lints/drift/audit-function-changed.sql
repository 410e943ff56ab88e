SELECT format('function tenancy.%I()', w.function) AS object,
  CASE WHEN p.proowner <> n.nspowner THEN format('it runs as %I, and not as the owner of the log', o.rolname)
    WHEN others.execute THEN 'others than its triggers may call it'
    ELSE 'it is not what `migrate plan` prints' END AS detail,
  CASE WHEN p.proowner <> n.nspowner THEN format('ALTER FUNCTION tenancy.%I() OWNER TO %I;', w.function, r.rolname)
    WHEN others.execute THEN format('REVOKE ALL ON FUNCTION tenancy.%I() FROM %s;', w.function, others.list)
    ELSE '-- run `migrate up`' END AS repair
FROM described
CROSS JOIN jsonb_to_recordset(described.registry -> 'audit_functions')
  AS w (schema text, "table" text, function text, source text, settings jsonb)
JOIN scoped s ON s.schema = w.schema AND s.name = w."table"
JOIN pg_namespace n ON n.nspname = 'tenancy'
JOIN pg_roles r ON r.oid = n.nspowner
-- One that is missing has no trigger either.
JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = w.function AND p.pronargs = 0
JOIN pg_roles o ON o.oid = p.proowner
JOIN pg_language l ON l.oid = p.prolang
CROSS JOIN LATERAL (
  SELECT count(*) > 0 AS execute, string_agg(CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END, ', ') AS list
  FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS g WHERE g.grantee <> p.proowner) AS others
WHERE p.proowner <> n.nspowner OR others.execute OR p.prosrc <> w.source OR NOT p.prosecdef OR p.provolatile <> 'v'
  OR l.lanname <> 'plpgsql' OR to_jsonb(coalesce(p.proconfig, '{}')) <> w.settings
