SELECT 'sequence ' || s.ident AS object,
  format('role %s may %s it: its value tells how many rows all tenants have made', app.ident, string_agg(w.right, ' and ')) AS detail,
  format('REVOKE SELECT, UPDATE ON SEQUENCE %s FROM PUBLIC, %s;', s.ident, app.ident) AS repair
FROM app, unnest(ARRAY['SELECT', 'UPDATE']) AS w ("right"), LATERAL (
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS ident FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'S' AND c.relowner NOT IN (SELECT oid FROM reach)
) AS s
WHERE NOT app.rolsuper AND has_sequence_privilege(app.oid, s.oid, w.right)
GROUP BY s.ident, app.ident
