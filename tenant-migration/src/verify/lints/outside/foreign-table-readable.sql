SELECT 'foreign table ' || t.ident AS object,
  format('role %s may use it, and what it reads knows no policies of this database', app.ident) AS detail,
  format('REVOKE ALL ON %s FROM PUBLIC, %s;', t.ident, app.ident) AS repair
FROM app, LATERAL (
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS ident FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'f'
) AS t
WHERE NOT app.rolsuper
  AND (has_any_column_privilege(app.oid, t.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(app.oid, t.oid, 'DELETE'))
