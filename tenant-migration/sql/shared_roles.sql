-- Which of the roles $1 own something or have rights in a database other than $2, and which databases these are.
SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(r.rolname), ', '),
  pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(d.datname), ', ')
FROM pg_catalog.pg_shdepend s
JOIN pg_catalog.pg_roles r ON s.refclassid = CAST('pg_catalog.pg_authid' AS regclass) AND r.oid = s.refobjid
JOIN pg_catalog.pg_database d
  ON d.oid = CASE WHEN s.dbid <> 0 THEN s.dbid WHEN s.classid = CAST('pg_catalog.pg_database' AS regclass) THEN s.objid END
WHERE r.rolname = ANY ($1) AND d.datname <> $2
