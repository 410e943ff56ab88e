-- The framework's variables, and those that policies and the functions they ask read.
SELECT format('setting %s of %s', setting.name, owner.ident) AS object,
  format('every new session begins with %s, so nobody has to bind a tenant', setting.name) AS detail,
  owner.reset || CASE WHEN setting.name = lower(setting.name) THEN setting.name ELSE quote_ident(setting.name) END || ';' AS repair
FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS line
CROSS JOIN LATERAL (SELECT split_part(line, '=', 1) AS name, substr(line, strpos(line, '=') + 1) AS value) AS setting
LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
CROSS JOIN LATERAL (SELECT
  coalesce(nullif(concat_ws(' in ', 'role ' || quote_ident(r.rolname), 'database ' || quote_ident(d.datname)), ''), 'all roles') AS ident,
  CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL RESET '
    WHEN r.oid IS NULL THEN format('ALTER DATABASE %I RESET ', d.datname)
    ELSE format('ALTER ROLE %I%s RESET ', r.rolname, ' IN DATABASE ' || quote_ident(d.datname)) END AS reset) AS owner
WHERE (s.setrole = 0 OR s.setrole IN (SELECT oid FROM reach))
  AND (s.setdatabase = 0 OR d.datname = current_database())
  AND setting.value <> ''
  AND (setting.name ILIKE 'tenancy.%'
    OR strpos(setting.name, '.') > 0 AND (
      EXISTS (SELECT FROM policies p WHERE strpos(lower(concat(p."using", p."check")), lower(quote_literal(setting.name))) > 0)
      OR EXISTS (SELECT FROM asked WHERE strpos(lower(asked.prosrc), lower(quote_literal(setting.name))) > 0)))
