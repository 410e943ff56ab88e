SELECT format('foreign key %I on table %s', c.conname, f.ident) AS object,
  format('it refers to %s without pairing the tenant columns %I and %I: a row can refer to another tenant''s', t.ident, f.key, t.key)
    AS detail,
  format('ALTER TABLE %s DROP CONSTRAINT %I; -- and make it again with (%I, …) REFERENCES %s (%I, …)',
    f.ident, c.conname, f.key, t.ident, t.key) AS repair
FROM family f JOIN pg_constraint c ON c.conrelid = f.oid JOIN family t ON t.oid = c.confrelid
WHERE c.contype = 'f' AND c.conparentid = 0
  AND NOT EXISTS (SELECT FROM unnest(c.conkey, c.confkey) AS pair (own, other) WHERE own = f.attnum AND other = t.attnum)
