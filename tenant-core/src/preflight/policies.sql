SELECT wanted.schema, wanted.name AS "table", p.polpermissive AS permissive, p.polcmd::text AS command,
       pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS "using",
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS "check"
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS wanted (schema, name)
JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
WHERE EXISTS (SELECT FROM pg_catalog.unnest(p.polroles) role
              WHERE role = 0 OR pg_catalog.pg_has_role(current_user, role, 'USAGE'))
