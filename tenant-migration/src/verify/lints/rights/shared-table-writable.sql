SELECT 'table ' || s.ident AS object,
  format('role %s may %s in it, and its rows are every tenant''s', app.ident, string_agg(w.right, ', ')) AS detail,
  format('REVOKE %s ON %s FROM PUBLIC, %s;', string_agg(w.right, ', '), s.ident, app.ident) AS repair
FROM shared s, app, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS w ("right")
WHERE NOT app.rolsuper AND CASE WHEN w.right IN ('INSERT', 'UPDATE', 'REFERENCES')
  THEN has_any_column_privilege(app.oid, s.oid, w.right) ELSE has_table_privilege(app.oid, s.oid, w.right) END
GROUP BY s.ident, app.ident
