SELECT format('sequence %I.%I', n.nspname, c.relname) AS object,
  format('%s may %s it: its value tells how many rows all tenants have made', r.who, string_agg(r."right", ' and ' ORDER BY r."right"))
    AS detail,
  format('REVOKE SELECT, UPDATE ON SEQUENCE %I.%I FROM %s;', n.nspname, c.relname, r.ident) AS repair
FROM rights r JOIN pg_class c ON c.oid = r.relid AND c.relkind = 'S' JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r."right" IN ('SELECT', 'UPDATE')
GROUP BY n.nspname, c.relname, r.who, r.ident
