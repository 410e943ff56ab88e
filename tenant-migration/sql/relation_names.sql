-- One line of JSON for each relation that has one of the names ($1 schemas, $2 names), and for each type, since a table is one
-- too ($3 schemas, $4 names of new tables).
SELECT CAST(pg_catalog.jsonb_build_object('schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
  'table', (SELECT pg_catalog.format('%I.%I', tn.nspname, t.relname)
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace WHERE i.indexrelid = c.oid)) AS text)
FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS named (schema, name)
JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = named.name
UNION ALL
SELECT CAST(pg_catalog.jsonb_build_object('schema', n.nspname, 'name', t.typname, 'kind', 'c') AS text)
FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) AS named (schema, name)
JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema
JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = named.name
-- Of a relation's row the relation says it; the name of an array type gives way.
WHERE t.typrelid = 0 AND NOT EXISTS (SELECT FROM pg_catalog.pg_type element WHERE element.typarray = t.oid)
