SELECT format('foreign key %I on table %s', c.conname, f.ident) AS object,
  format('ON %s changes the tenant column %I', concat_ws(' and ON ',
    CASE WHEN deleted THEN 'DELETE SET ' || CASE c.confdeltype WHEN 'n' THEN 'NULL' ELSE 'DEFAULT' END END,
    CASE WHEN updated THEN 'UPDATE SET ' || CASE c.confupdtype WHEN 'n' THEN 'NULL' ELSE 'DEFAULT' END END), f.key) AS detail,
  format('ALTER TABLE %s DROP CONSTRAINT %I; -- and make it again with a column list that leaves out %I: ON DELETE SET NULL (…)',
    f.ident, c.conname, f.key) AS repair
FROM family f JOIN pg_constraint c ON c.conrelid = f.oid,
  LATERAL (SELECT
    c.confdeltype IN ('n', 'd') AND (coalesce(cardinality(c.confdelsetcols), 0) = 0 OR f.attnum = ANY (c.confdelsetcols)) AS deleted,
    -- There is no column list for updates.
    c.confupdtype IN ('n', 'd') AS updated) AS action
WHERE c.contype = 'f' AND c.conparentid = 0 AND f.attnum = ANY (c.conkey) AND (deleted OR updated)
