SELECT format('column %I of table %s', s.key, s.ident) AS object,
  format('the tenant column is of type %s, and %s', format_type(a.atttypid, a.atttypmod),
    CASE WHEN y.typcategory = 'S' THEN 'texts that look different can be equal'
      ELSE format('most tables'' is %s', common.type) END)
    AS detail,
  format('-- without the policies and references that name it: ALTER TABLE %1$s ALTER %2$I TYPE %3$s USING %2$I::text::%3$s;', s.ident, s.key,
    CASE WHEN common.category = 'S' THEN 'uuid' ELSE common.type END) AS repair
FROM scoped s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum = s.attnum JOIN pg_type y ON y.oid = a.atttypid,
  LATERAL (
    SELECT (mode() WITHIN GROUP (ORDER BY o.atttypid))::regtype::text AS type,
      mode() WITHIN GROUP (ORDER BY t.typcategory) AS category
    FROM scoped p JOIN pg_attribute o ON o.attrelid = p.oid AND o.attnum = p.attnum JOIN pg_type t ON t.oid = o.atttypid
  ) AS common
WHERE y.typcategory = 'S' OR a.atttypid::regtype::text <> common.type
