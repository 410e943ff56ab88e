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
      pg_catalog.pg_get_functiondef(oid))
    -- Those that write the access log for a table belong to the table.
    FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.to_regnamespace('tenancy') AND prokind = 'f'
      AND NOT proname LIKE 'audit.%'
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'relation', relname, relkind, pg_catalog.pg_get_userbyid(relowner), relacl::text)
    FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.to_regnamespace('tenancy') AND relkind IN ('r', 'p', 'v')
      -- They come and go with the months.
      AND NOT relispartition
) AS lines (line)
