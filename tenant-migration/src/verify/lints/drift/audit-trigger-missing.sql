-- A statement that names a partition fires the partition's triggers alone.
SELECT format('trigger %s of %s', w.trigger, f.ident) AS object,
  CASE WHEN t.oid IS NULL THEN 'it is missing, and so is the log of what it tells of'
    WHEN t.tgenabled <> 'A' THEN 'it is disabled, or fires in some sessions alone'
    ELSE 'it calls something else, at other times or of other rows than `migrate plan` prints' END AS detail,
  CASE WHEN t.tgenabled <> 'A' THEN format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I;', f.ident, w.trigger)
    ELSE '-- run `migrate up`' END AS repair
FROM described
CROSS JOIN jsonb_to_recordset(described.registry -> 'audit_triggers')
  AS w (schema text, "table" text, trigger text, event smallint, old_table text, new_table text, function text)
JOIN scoped s ON s.schema = w.schema AND s.name = w."table"
JOIN family f ON f.root = s.oid
JOIN pg_class c ON c.oid = f.oid AND (c.relispartition OR f.oid = f.root)
LEFT JOIN (pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace)
  ON t.tgrelid = f.oid AND t.tgname = w.trigger AND NOT t.tgisinternal
WHERE t.oid IS NULL OR t.tgenabled <> 'A' OR t.tgtype <> w.event OR t.tgoldtable IS DISTINCT FROM w.old_table
  OR t.tgnewtable IS DISTINCT FROM w.new_table OR t.tgqual IS NOT NULL OR t.tgnargs > 0 OR t.tgattr <> ''::int2vector
  OR n.nspname <> 'tenancy' OR p.proname <> w.function
