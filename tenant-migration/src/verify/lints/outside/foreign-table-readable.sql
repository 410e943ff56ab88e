SELECT DISTINCT format('foreign table %I.%I', n.nspname, c.relname) AS object,
  format('%s may use it, and what it reads knows no policies of this database', r.who) AS detail,
  format('REVOKE ALL ON %I.%I FROM %s;', n.nspname, c.relname, r.ident) AS repair
FROM rights r JOIN pg_class c ON c.oid = r.relid AND c.relkind = 'f' JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r."right" IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
