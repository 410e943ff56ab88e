SELECT format('column %I of table %s', s.key, s.ident) AS object,
  'the tenant column may be NULL: such a row belongs to nobody, and MATCH SIMPLE foreign keys don''t look at it' AS detail,
  format('ALTER TABLE %s ALTER %I SET NOT NULL;', s.ident, s.key) AS repair
FROM scoped s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum = s.attnum
WHERE NOT a.attnotnull
