-- MAINTAIN came with PostgreSQL 17.
SELECT 'table ' || f.ident AS object,
  format('%s has %s on it, which row-level security does not hold', r.who, string_agg(r."right", ', ' ORDER BY r."right")) AS detail,
  format('REVOKE %s ON %s FROM %s;', string_agg(r."right", ', ' ORDER BY r."right"), f.ident, r.ident) AS repair
FROM family f JOIN rights r ON r.relid = f.oid
WHERE r."right" IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
GROUP BY f.ident, r.who, r.ident
