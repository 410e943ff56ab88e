-- The framework's variables, and those that policies and the functions they ask read.
SELECT format('setting %s of %s', setting.name, setting.owner) AS object,
  format('every new session begins with %s, so nobody has to bind a tenant', setting.name) AS detail,
  setting.reset || CASE WHEN setting.name = lower(setting.name) THEN setting.name ELSE quote_ident(setting.name) END || ';' AS repair
FROM settings setting
WHERE (setting.role = 0 OR setting.role IN (SELECT oid FROM reach))
  AND setting.value <> ''
  AND (setting.name ILIKE 'tenancy.%'
    OR strpos(setting.name, '.') > 0 AND (
      EXISTS (SELECT FROM policies p WHERE strpos(lower(concat(p."using", p."check")), lower(quote_literal(setting.name))) > 0)
      OR EXISTS (SELECT FROM asked WHERE strpos(lower(asked.prosrc), lower(quote_literal(setting.name))) > 0)))
