-- PostgreSQL 18 has NOT NULL constraints, and such as are NOT ENFORCED: nothing can validate those.
SELECT format('constraint %I on table %s', c.conname, f.ident) AS object,
  CASE WHEN idle.is_so THEN 'it is NOT ENFORCED: rows may break it'
    ELSE 'it was added NOT VALID and never validated: rows from before may break it' END AS detail,
  CASE WHEN idle.is_so THEN format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I %s;', f.ident, c.conname,
      regexp_replace(pg_get_constraintdef(c.oid), ' NOT ENFORCED$', ''))
    ELSE format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', f.ident, c.conname) END AS repair
FROM family f JOIN pg_constraint c ON c.conrelid = f.oid
CROSS JOIN LATERAL (SELECT to_jsonb(c) @> '{"conenforced": false}' AS is_so) AS idle
WHERE NOT c.convalidated AND c.conparentid = 0
  -- A foreign key that is not enforced is an error of its own.
  AND (c.contype IN ('c', 'n') OR c.contype = 'f' AND NOT idle.is_so)
