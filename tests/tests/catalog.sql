SELECT line FROM (
  SELECT concat_ws(' ', 'schema', nspname, pg_get_userbyid(nspowner), nspacl, obj_description(oid, 'pg_namespace')) AS line
    FROM pg_namespace WHERE nspname = 'tenancy'
  UNION ALL
  SELECT concat_ws(' ', 'relation', c.oid::regclass, relkind, pg_get_userbyid(relowner), relrowsecurity,
      relforcerowsecurity, reloptions,
      ARRAY(SELECT acl::text FROM unnest(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner))) AS acl ORDER BY 1),
      obj_description(c.oid, 'pg_class'),
      pg_get_expr(relpartbound, c.oid), pg_get_partkeydef(c.oid))
    FROM pg_class c WHERE relnamespace >= 16384 OR relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT concat_ws(' ', 'view', viewname, definition) FROM pg_views WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
  UNION ALL
  SELECT concat_ws(' ', 'column', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, attidentity,
      attgenerated, attacl, attcollation::regcollation, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum))
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
      LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE (relnamespace >= 16384 OR relnamespace = 'public'::regnamespace) AND relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0
      AND NOT attisdropped
  UNION ALL
  SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid, indisready, indisreplident, inhparent::regclass)
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid LEFT JOIN pg_inherits ON inhrelid = indexrelid
    WHERE relnamespace >= 16384 OR relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated, conislocal,
      obj_description(oid, 'pg_constraint'))
    FROM pg_constraint WHERE connamespace >= 16384 OR connamespace = 'public'::regnamespace
  UNION ALL
  SELECT concat_ws(' ', 'policy', polrelid::regclass, polname, polpermissive, polcmd,
      ARRAY(SELECT coalesce(rolname, 'public') FROM unnest(polroles) AS role LEFT JOIN pg_roles ON oid = role ORDER BY 1),
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), obj_description(oid, 'pg_policy'))
    FROM pg_policy
  UNION ALL
  SELECT concat_ws(' ', 'trigger', tgrelid::regclass, tgenabled, pg_get_triggerdef(oid), obj_description(oid, 'pg_trigger')) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL
  SELECT concat_ws(' ', 'sequence', seqrelid::regclass, seqtypid::regtype, seqstart, seqincrement, seqcycle,
      (SELECT refobjid::regclass::text FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = seqrelid AND deptype IN ('a', 'i')))
    FROM pg_sequence
  UNION ALL
  SELECT concat_ws(' ', 'function', oid::regprocedure, pg_get_userbyid(proowner), proacl, pg_get_functiondef(oid))
    FROM pg_proc WHERE pronamespace >= 16384 OR pronamespace = 'public'::regnamespace
) AS lines
ORDER BY line;
