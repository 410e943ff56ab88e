-- The policies of the scoped tables that hold for a role that the session is or can become.
SELECT wanted.schema, wanted.name AS "table", p.polname::text AS name, p.polpermissive AS permissive, p.polcmd::text AS command,
       pg_catalog.pg_get_expr(p.polqual, p.polrelid) AS "using",
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) AS "check",
       applies.role IS NULL OR pg_catalog.pg_has_role(current_user, applies.role, 'USAGE') AS own,
       coalesce(pg_catalog.pg_get_userbyid(applies.role)::text, 'PUBLIC') AS role,
       -- The floors that hold whoever has taken this role.
       EXISTS (SELECT FROM pg_catalog.pg_policy f, pg_catalog.unnest(f.polroles) held
               WHERE f.polrelid = c.oid AND NOT f.polpermissive AND f.polcmd = '*'
                 AND pg_catalog.pg_get_expr(f.polqual, f.polrelid) = condition.text
                 AND pg_catalog.pg_get_expr(f.polwithcheck, f.polrelid) = condition.text
                 AND (held = 0 OR pg_catalog.pg_has_role(coalesce(applies.role, current_user::pg_catalog.regrole), held, 'USAGE'))) AS floored
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS wanted (schema, name, key)
JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
CROSS JOIN LATERAL (SELECT pg_catalog.format('(%I = ( SELECT tenancy.current_tenant() AS current_tenant))', wanted.key)) AS condition (text)
JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid
CROSS JOIN LATERAL (SELECT nullif(role, 0) FROM pg_catalog.unnest(p.polroles) role) AS applies (role)
WHERE wanted.key <> ''
  AND (applies.role IS NULL OR pg_catalog.pg_has_role(current_user, applies.role, 'MEMBER')
       OR pg_catalog.pg_has_role(session_user, applies.role, 'MEMBER'))
