-- One digest of what the foundation consists of: the roles ($1, the mover last, who logs in now and then), the framework's
-- schema with its functions and tables, and what everybody may do in the database.
SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(line, E'\n' ORDER BY line COLLATE "C"), 'UTF8')), 'hex')
FROM (
  SELECT pg_catalog.concat_ws(' ', 'role', rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
      rolcanlogin AND rolname <> ($1::text[])[6],
      ARRAY(SELECT pg_catalog.pg_get_userbyid(roleid)::text FROM pg_catalog.pg_auth_members WHERE member = pg_roles.oid
            ORDER BY 1))
    FROM pg_catalog.pg_roles WHERE rolname = ANY ($1)
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'schema', nspname, pg_catalog.pg_get_userbyid(nspowner), nspacl::text)
    FROM pg_catalog.pg_namespace WHERE nspname IN ('tenancy', 'public')
  UNION ALL
  -- Rights of others than these roles and everybody are no part of it.
  SELECT pg_catalog.concat_ws(' ', 'database', CASE WHEN acl.grantee <> 0 THEN pg_catalog.pg_get_userbyid(acl.grantee) END,
      acl.privilege_type, acl.is_grantable)
    FROM pg_catalog.pg_database,
      pg_catalog.aclexplode(coalesce(datacl, pg_catalog.acldefault('d', datdba))) AS acl
    WHERE datname = pg_catalog.current_database()
      AND (acl.grantee = 0 OR pg_catalog.pg_get_userbyid(acl.grantee) = ANY ($1))
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'function', proname, pg_catalog.pg_get_userbyid(proowner), proacl::text,
      -- Who is being moved is no change.
      pg_catalog.regexp_replace(CASE WHEN prosrc LIKE '%PERFORM tenancy.pass\_fence(%'
          THEN pg_catalog.replace(pg_catalog.pg_get_functiondef(oid), ' PARALLEL RESTRICTED', ' PARALLEL SAFE')
          ELSE pg_catalog.pg_get_functiondef(oid) END, '  (IF CAST\(bound AS uuid\) = ANY \(''\{[0-9a-f,-]+\}''\) THEN PERFORM tenancy\.(pass_fence|turn_away)\(bound\); END IF;|PERFORM tenancy\.pass_fence\(CAST\(tenant AS text\)\) FROM unnest\(CAST\(''\{[0-9a-f,-]+\}'' AS uuid\[\]\)\) AS tenant;|RETURN ''\{[0-9a-f,-]+\}'';(?=\n  RETURN ''\{\}'';))\n', '', 'g'))
    -- Those that write the access log for a table belong to the table.
    FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.to_regnamespace('tenancy') AND prokind = 'f'
      AND NOT proname LIKE 'audit.%'
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'relation', relname, relkind, pg_catalog.pg_get_userbyid(relowner), relacl::text)
    FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.to_regnamespace('tenancy') AND relkind IN ('r', 'p', 'v')
      -- They come and go with the months.
      AND NOT relispartition
  UNION ALL
  -- The access log's walls. In texts of policies a name's schema depends on the session; what they ask is named beside them.
  SELECT pg_catalog.concat_ws(' ', 'wall', c.relname, c.relrowsecurity, c.relforcerowsecurity)
    FROM pg_catalog.pg_class c
    WHERE c.relnamespace = pg_catalog.to_regnamespace('tenancy') AND c.relname IN ('access_log', 'access_log_values')
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'policy', c.relname, polname, polpermissive, polcmd,
      ARRAY(SELECT pg_catalog.pg_get_userbyid(role)::text FROM pg_catalog.unnest(polroles) AS role ORDER BY 1),
      pg_catalog.replace(pg_catalog.concat_ws(' / ', pg_catalog.pg_get_expr(polqual, polrelid),
        pg_catalog.pg_get_expr(polwithcheck, polrelid)), 'tenancy.', ''),
      ARRAY(SELECT pg_catalog.concat_ws('.', p.pronamespace::pg_catalog.regnamespace, p.proname)
            FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_proc p ON p.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = pol.oid
              AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass ORDER BY 1))
    FROM pg_catalog.pg_policy pol JOIN pg_catalog.pg_class c ON c.oid = polrelid
    WHERE c.relnamespace = pg_catalog.to_regnamespace('tenancy') AND c.relname IN ('access_log', 'access_log_values')
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'trigger', c.relname, t.tgname, t.tgenabled, t.tgtype, p.proname)
    FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid
    WHERE c.relnamespace = pg_catalog.to_regnamespace('tenancy') AND c.relname IN ('access_log', 'access_log_values')
      AND NOT t.tgisinternal
  UNION ALL
  -- Of its partitions, those that are not as they are made.
  SELECT pg_catalog.concat_ws(' ', 'partition', c.relname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid JOIN pg_catalog.pg_class parent ON parent.oid = i.inhparent
    WHERE parent.relnamespace = pg_catalog.to_regnamespace('tenancy') AND parent.relname IN ('access_log', 'access_log_values')
      AND (NOT c.relrowsecurity OR NOT c.relforcerowsecurity OR c.relowner <> parent.relowner
        OR EXISTS (SELECT FROM pg_catalog.aclexplode(c.relacl) AS acl WHERE acl.grantee <> c.relowner)
        OR EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polrelid = c.oid)
        OR EXISTS (SELECT FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_trigger p ON p.oid = t.tgparentid
                   WHERE t.tgrelid = c.oid AND t.tgenabled <> p.tgenabled))
) AS lines (line)
