SELECT 'table ' || s.ident AS object,
  format('%s may %s in it, and its rows are every tenant''s', r.who, string_agg(r."right", ', ' ORDER BY r."right")) AS detail,
  format('REVOKE %s ON %s FROM %s;', string_agg(r."right", ', ' ORDER BY r."right"), s.ident, r.ident) AS repair
FROM shared s JOIN rights r ON r.relid = s.oid
WHERE r."right" IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER')
GROUP BY s.ident, r.who, r.ident
