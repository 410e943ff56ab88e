SELECT format('policy %s on table %s', p.ident, p."table") AS object,
  format('which rows it shows or accepts is decided by rows of %s, which is not looked at here',
    string_agg(DISTINCT format('%I.%I', n.nspname, c.relname), ', ')) AS detail,
  format('-- see who may write that table; or: ALTER POLICY %s ON %s USING (%I = …);', p.ident, p."table", p.key) AS repair
FROM policies p
JOIN pg_depend d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
  AND d.refobjid <> p.relid
JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.holds_app
GROUP BY p.ident, p."table", p.key
