-- What each was given of tenancy.fences, which few roles may read.
SELECT format('function tenancy.%s()', other.function) AS object,
  format('it keeps out {%s}, and tenancy.current_tenant() keeps out {%s} (%s)', there.tenants, here.tenants, other.state) AS detail,
  'SELECT tenancy.raise_fences();' AS repair
FROM (VALUES
  ('system_access', 'armed', 'FROM unnest\(CAST\(''\{([0-9a-f,-]+)\}'' AS uuid\[\]\)\)', 'ANY \(''\{([0-9a-f,-]+)\}''\) THEN PERFORM tenancy\.pass_fence'),
  ('moved_away', 'closed', 'RETURN ''\{([0-9a-f,-]+)\}'';', 'ANY \(''\{([0-9a-f,-]+)\}''\) THEN PERFORM tenancy\.turn_away')
) AS other (function, state, pattern, of_tenants)
JOIN pg_namespace n ON n.nspname = 'tenancy'
JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = other.function AND p.pronargs = 0
JOIN pg_proc tenants ON tenants.pronamespace = n.oid AND tenants.proname = 'current_tenant' AND tenants.pronargs = 0
CROSS JOIN LATERAL (SELECT coalesce(substring(p.prosrc, other.pattern), '') AS tenants) AS there
CROSS JOIN LATERAL (SELECT coalesce(substring(tenants.prosrc, other.of_tenants), '') AS tenants) AS here
WHERE there.tenants <> here.tenants
