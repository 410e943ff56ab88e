SELECT o.kind || ' ' || o.ident AS object,
  format('role %s owns it%s, and could switch off what protects its rows', app.ident,
    CASE WHEN o.owner <> app.oid THEN format(', being able to become %s', reach.ident) ELSE '' END) AS detail,
  format('ALTER %s %s OWNER TO …;', upper(o.kind), o.ident) AS repair
FROM app, reach JOIN (
  SELECT 'table', f.ident, c.relowner FROM family f JOIN pg_class c ON c.oid = f.oid
  UNION ALL
  SELECT 'table', s.ident, c.relowner FROM shared s JOIN pg_class c ON c.oid = s.oid
  UNION ALL
  SELECT 'schema', quote_ident(n.nspname), n.nspowner FROM pg_namespace n
  WHERE n.oid IN (SELECT c.relnamespace FROM live JOIN pg_class c ON c.oid = live.oid)
  UNION ALL
  SELECT 'database', quote_ident(d.datname), d.datdba FROM pg_database d WHERE d.datname = current_database()
) AS o (kind, ident, owner) ON o.owner = reach.oid
