SELECT format('constraint %I on table %s', c.conname, f.ident) AS object,
  'it was added NOT VALID and never validated: rows from before may break it' AS detail,
  format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', f.ident, c.conname) AS repair
FROM family f JOIN pg_constraint c ON c.conrelid = f.oid
WHERE NOT c.convalidated AND c.contype IN ('f', 'c') AND c.conparentid = 0
