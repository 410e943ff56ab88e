SELECT 'view ' || v.ident AS object,
  format('it reads %s with the rights of its owner %I, whose policies hold instead of the caller''s', v.base, v.owner) AS detail,
  format('ALTER VIEW %s SET (security_invoker = true);', v.ident) AS repair
FROM (
  SELECT format('%I.%I', n.nspname, c.relname) AS ident, string_agg(DISTINCT readers.base, ', ') AS base,
    pg_get_userbyid(c.relowner) AS owner
  FROM readers JOIN pg_class c ON c.oid = readers.oid AND c.relkind = 'v' JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE NOT EXISTS (
    SELECT FROM unnest(c.reloptions) AS option
    WHERE split_part(option, '=', 1) = 'security_invoker' AND split_part(option, '=', 2)::boolean)
  GROUP BY 1, c.relowner
) AS v
