SELECT 'materialized view ' || v.ident AS object,
  format('it stores rows of %s, and can have no policy of its own', v.base) AS detail,
  format('DROP MATERIALIZED VIEW %1$s; -- or fill a scoped table instead, or: REVOKE ALL ON %1$s FROM PUBLIC, …;', v.ident) AS repair
FROM (
  SELECT format('%I.%I', n.nspname, c.relname) AS ident, string_agg(DISTINCT readers.base, ', ') AS base
  FROM readers JOIN pg_class c ON c.oid = readers.oid AND c.relkind = 'm' JOIN pg_namespace n ON n.oid = c.relnamespace
  GROUP BY 1
) AS v
