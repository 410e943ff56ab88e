SELECT format('foreign key %I on table %s', c.conname, r.relation) AS object,
  'triggers that enforce it are disabled: rows that refer to nothing, or to another tenant''s row, are accepted' AS detail,
  -- Not all of the table's: others of them may be meant to fire always, or never.
  r.repair
FROM pg_constraint c JOIN LATERAL (
  SELECT t.tgrelid::regclass AS relation,
    string_agg(format('ALTER TABLE %s ENABLE TRIGGER %I;', t.tgrelid::regclass, t.tgname), ' ' ORDER BY t.tgname) AS repair
  FROM pg_trigger t
  WHERE t.tgconstraint = c.oid AND t.tgisinternal AND t.tgenabled IN ('D', 'R') GROUP BY t.tgrelid) AS r ON true
WHERE c.contype = 'f' AND (c.conrelid IN (SELECT oid FROM family) OR c.confrelid IN (SELECT oid FROM family))
UNION ALL
-- From PostgreSQL 18.
SELECT format('foreign key %I on table %s', c.conname, c.conrelid::regclass),
  'it is NOT ENFORCED: rows that refer to nothing, or to another tenant''s row, are accepted',
  format('ALTER TABLE %s ALTER CONSTRAINT %I ENFORCED;', c.conrelid::regclass, c.conname)
FROM pg_constraint c
WHERE c.contype = 'f' AND c.conparentid = 0 AND to_jsonb(c) @> '{"conenforced": false}'
  AND (c.conrelid IN (SELECT oid FROM family) OR c.confrelid IN (SELECT oid FROM family))
