-- With the tenant column, but under another operator than equality, it would still compare rows of different tenants.
SELECT format('exclusion constraint %I on table %s', c.conname, f.ident) AS object,
  format('it does not compare the tenant column %I by =: a conflict tells one tenant of another''s row', f.key) AS detail,
  format('ALTER TABLE %s DROP CONSTRAINT %I; -- and make it again with %I WITH =', f.ident, c.conname, f.key) AS repair
FROM family f JOIN pg_constraint c ON c.conrelid = f.oid
WHERE c.contype = 'x' AND c.conparentid = 0 AND NOT EXISTS (
  SELECT FROM unnest(c.conkey, c.conexclop) AS part (attnum, operator) JOIN pg_operator o ON o.oid = part.operator
  WHERE part.attnum = f.attnum AND o.oprname = '=')
