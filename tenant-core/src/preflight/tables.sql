SELECT wanted.schema, wanted.name, c.relkind::text AS kind,
       c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
       pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
       pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER') AS owned,
       -- Column rights count as rights on the table.
       ARRAY(SELECT p FROM pg_catalog.unnest(ARRAY['INSERT', 'UPDATE', 'REFERENCES']) p
             WHERE pg_catalog.has_any_column_privilege(current_user, c.oid, p))
         || ARRAY(SELECT p FROM pg_catalog.unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) p
             WHERE pg_catalog.has_table_privilege(current_user, c.oid, p)) AS privileges,
       pg_catalog.format('(%I = ( SELECT tenancy.current_tenant() AS current_tenant))', wanted.key) AS condition,
       EXISTS (SELECT FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = c.oid AND a.attname = wanted.key AND NOT a.attisdropped
                 AND a.attnotnull AND a.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype) AS fit_key,
       -- A key without the tenant column tells one tenant of another's rows, also one that only carries it (INCLUDE).
       ARRAY(SELECT i.indexrelid::pg_catalog.regclass::text FROM pg_catalog.pg_index i
             -- A partition may have keys of its own.
             WHERE i.indrelid IN (SELECT c.oid UNION SELECT relid FROM pg_catalog.pg_partition_tree(c.oid))
               AND (i.indisunique OR i.indisexclusion) AND wanted.key <> ''
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a
                               WHERE a.attrelid = i.indrelid AND a.attname = wanted.key AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
               -- While `migrate adopt` lets an old program through, as only the owner can, that needs its old keys.
               AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p
                               JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
                                 AND d.objid = p.oid AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                                 AND d.refobjid = pg_catalog.to_regprocedure('tenancy.observe(text)')
                               WHERE p.polrelid = c.oid AND p.polname = 'tenancy_observation')
             ORDER BY 1) AS telling_keys
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS wanted (schema, name, key)
JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
