-- Organisations that are being moved to another database, or live in one: this one asks each transaction of theirs whether it may
-- (armed), or refuses it (closed). Those that come from another one (arriving), and up to where its log was applied here.
CREATE TABLE IF NOT EXISTS tenancy.fences (
  organization_id uuid PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('armed', 'closed', 'arriving')),
  since timestamptz NOT NULL DEFAULT clock_timestamp(),
  applied pg_lsn
);
REVOKE ALL ON TABLE tenancy.fences FROM PUBLIC, :"app", :"admin", :"reporting";

-- The lock of an organisation that is being moved: its transactions share it until they end, and the mover waits for it alone.
CREATE OR REPLACE FUNCTION tenancy.fence_key(tenant uuid) RETURNS bigint
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN hashtextextended(CAST(tenant AS text), 4849326543210917263);
END
$function$;

-- Asked in the place of the caller, who may not take such locks by himself. A try respects the mover in the queue: from the moment
-- that he waits nobody new comes in. A standby has no mover, and its readers hold nobody up.
CREATE OR REPLACE FUNCTION tenancy.pass_fence(bound text) RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF NOT pg_is_in_recovery() AND NOT pg_try_advisory_xact_lock_shared(tenancy.fence_key(CAST(bound AS uuid))) THEN
    RAISE EXCEPTION 'organisation % is being moved to another database', bound USING
      ERRCODE = :'fenced', HINT = 'Connect through TenantRouter, which waits and follows it there.';
  END IF;
END
$function$;

CREATE OR REPLACE FUNCTION tenancy.turn_away(bound text) RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE EXCEPTION 'organisation % was moved to another database', bound USING
    ERRCODE = :'fenced', HINT = 'Connect through TenantRouter, which follows it there.';
END
$function$;

-- The fences are part of the functions that the policies ask, as constants: a row that is read there could be missed by a transaction
-- that began before it was written. Without any they are as they were made.
CREATE OR REPLACE FUNCTION tenancy.raise_fences() RETURNS void
  LANGUAGE plpgsql VOLATILE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  armed constant text := (SELECT string_agg(CAST(organization_id AS text), ',' ORDER BY organization_id)
    FROM tenancy.fences WHERE state = 'armed');
  closed constant text := (SELECT string_agg(CAST(organization_id AS text), ',' ORDER BY organization_id)
    FROM tenancy.fences WHERE state = 'closed');
  fence record;
BEGIN
  -- Each line goes before the one that lets the caller pass.
  FOR fence IN
    SELECT name, last, string_agg(CASE WHEN tenants IS NOT NULL THEN format(line, tenants) END, '' ORDER BY line) AS lines,
      -- A lock that a parallel worker takes is given back when the worker ends, and not the transaction.
      CASE WHEN bool_or(tenants IS NOT NULL AND line LIKE '%pass\_fence%') THEN 'PARALLEL RESTRICTED' ELSE 'PARALLEL SAFE' END AS workers
    FROM (VALUES
      ('tenancy.current_tenant()', E'  RETURN bound::uuid;\n', armed,
        E'  IF CAST(bound AS uuid) = ANY (''{%s}'') THEN PERFORM tenancy.pass_fence(bound); END IF;\n'),
      ('tenancy.current_tenant()', E'  RETURN bound::uuid;\n', closed,
        E'  IF CAST(bound AS uuid) = ANY (''{%s}'') THEN PERFORM tenancy.turn_away(bound); END IF;\n'),
      ('tenancy.system_access()', E'  RETURN true;\n', armed,
        E'  PERFORM tenancy.pass_fence(CAST(tenant AS text)) FROM unnest(CAST(''{%s}'' AS uuid[])) AS tenant;\n'),
      ('tenancy.moved_away()', E'  RETURN ''{}'';\n', closed, E'  RETURN ''{%s}'';\n')) AS fences (name, last, tenants, line)
    GROUP BY name, last
  LOOP
    EXECUTE replace(
      regexp_replace(
        regexp_replace(pg_get_functiondef(CAST(fence.name AS regprocedure)), :'fences', '', 'g'),
        'PARALLEL (SAFE|RESTRICTED)', fence.workers),
      fence.last, concat(fence.lines, fence.last));
  END LOOP;
END
$function$;

-- Whose rows the system connection neither sees nor writes here, because they are another database's.
CREATE OR REPLACE FUNCTION tenancy.moved_away() RETURNS uuid[]
  LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY INVOKER
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN '{}';
END
$function$;
SELECT tenancy.raise_fences();

REVOKE ALL ON FUNCTION tenancy.fence_key(uuid), tenancy.pass_fence(text), tenancy.turn_away(text), tenancy.raise_fences(),
  tenancy.moved_away() FROM PUBLIC, :"app", :"admin", :"reporting";
GRANT EXECUTE ON FUNCTION tenancy.pass_fence(text) TO :"app", :"admin", :"reporting";
GRANT EXECUTE ON FUNCTION tenancy.turn_away(text) TO :"app", :"reporting";
GRANT EXECUTE ON FUNCTION tenancy.moved_away() TO :"admin";

COMMENT ON SCHEMA tenancy IS 'version 3';
