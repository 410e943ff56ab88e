SELECT wanted.schema, wanted.name, c.relkind::text AS kind,
       c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
       pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER') AS owned,
       (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS superuser,
       ARRAY(SELECT p FROM pg_catalog.unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
             WHERE pg_catalog.has_table_privilege(current_user, c.oid, p)) AS privileges,
       EXISTS (SELECT FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = c.oid AND a.attname = wanted.key AND NOT a.attisdropped
                 AND a.attnotnull AND a.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype) AS fit_key
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS wanted (schema, name, key)
JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
