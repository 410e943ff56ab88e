SELECT format('rule %I on table %s', r.rulename, f.ident) AS object,
  'the rule rewrites statements on the table, with the rights of the table''s owner where it names other tables' AS detail,
  format('DROP RULE %I ON %s;', r.rulename, f.ident) AS repair
FROM family f JOIN pg_rewrite r ON r.ev_class = f.oid
