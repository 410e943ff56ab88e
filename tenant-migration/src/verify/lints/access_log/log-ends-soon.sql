SELECT 'table ' || gap.ident AS object,
  format('it has no partition for %s', string_agg(to_char(gap.month, 'YYYY-MM'), ', ' ORDER BY gap.month)) AS detail,
  format('SET ROLE %I; SELECT tenancy.prepare_months(3); RESET ROLE;', pg_get_userbyid(gap.owner)) AS repair
FROM log_gaps AS gap
WHERE gap.month > date_trunc('month', now() AT TIME ZONE 'UTC')
GROUP BY gap.ident, gap.owner
