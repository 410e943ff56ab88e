-- One digest of what the catalog in schema tenancy_catalog consists of, whatever its rows.
SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(line, E'\n' ORDER BY line COLLATE "C"), 'UTF8')), 'hex')
FROM (
  SELECT pg_catalog.concat_ws(' ', 'schema', pg_catalog.pg_get_userbyid(nspowner), nspacl::text)
    FROM pg_catalog.pg_namespace WHERE nspname = 'tenancy_catalog'
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'relation', relname, relkind, pg_catalog.pg_get_userbyid(relowner), relacl::text, relrowsecurity,
      relforcerowsecurity, relpersistence)
    FROM pg_catalog.pg_class WHERE relnamespace = pg_catalog.to_regnamespace('tenancy_catalog')
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'column', relname, attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull,
      attacl::text, pg_catalog.pg_get_expr(adbin, adrelid))
    FROM pg_catalog.pg_class JOIN pg_catalog.pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
      LEFT JOIN pg_catalog.pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = pg_catalog.to_regnamespace('tenancy_catalog') AND relkind = 'r'
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'constraint', conname, pg_catalog.pg_get_constraintdef(oid), convalidated)
    FROM pg_catalog.pg_constraint WHERE connamespace = pg_catalog.to_regnamespace('tenancy_catalog') AND contype <> 'n'
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'index', pg_catalog.pg_get_indexdef(indexrelid), indisvalid)
    FROM pg_catalog.pg_index JOIN pg_catalog.pg_class ON pg_class.oid = indrelid
    WHERE relnamespace = pg_catalog.to_regnamespace('tenancy_catalog')
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'trigger', pg_catalog.pg_get_triggerdef(pg_trigger.oid), tgenabled)
    FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = pg_catalog.to_regnamespace('tenancy_catalog') AND NOT tgisinternal
  UNION ALL
  -- What a foreign key is enforced by can be disabled like any trigger.
  SELECT pg_catalog.concat_ws(' ', 'enforcement', conname, tgenabled, tgtype)
    FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_constraint ON pg_constraint.oid = tgconstraint
    WHERE connamespace = pg_catalog.to_regnamespace('tenancy_catalog')
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'rule', rulename, ev_class::regclass, ev_enabled)
    FROM pg_catalog.pg_rewrite JOIN pg_catalog.pg_class ON pg_class.oid = ev_class
    WHERE relnamespace = pg_catalog.to_regnamespace('tenancy_catalog')
  UNION ALL
  SELECT pg_catalog.concat_ws(' ', 'function', pg_catalog.pg_get_functiondef(oid), pg_catalog.pg_get_userbyid(proowner), proacl::text)
    FROM pg_catalog.pg_proc WHERE pronamespace = pg_catalog.to_regnamespace('tenancy_catalog') AND prokind = 'f'
) AS lines (line)
