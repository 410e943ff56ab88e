SELECT line FROM (
  SELECT concat_ws(' ', 'schema', nspname, pg_get_userbyid(nspowner), nspacl, obj_description(oid)) AS line
    FROM pg_namespace WHERE nspname = 'tenancy'
  UNION ALL
  SELECT concat_ws(' ', 'relation', oid::regclass, relkind, pg_get_userbyid(relowner), relrowsecurity,
      relforcerowsecurity, relacl)
    FROM pg_class WHERE relnamespace::regnamespace::text IN ('public', 'tenancy')
  UNION ALL
  SELECT concat_ws(' ', 'column', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull,
      pg_get_expr(adbin, adrelid))
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
  UNION ALL
  SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid))
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL
  SELECT concat_ws(' ', 'policy', tablename, policyname, permissive, roles, cmd, qual, with_check) FROM pg_policies
  UNION ALL
  SELECT concat_ws(' ', 'function', oid::regprocedure, pg_get_userbyid(proowner), proacl, pg_get_functiondef(oid))
    FROM pg_proc WHERE pronamespace::regnamespace::text IN ('public', 'tenancy')
) AS lines
ORDER BY line;
