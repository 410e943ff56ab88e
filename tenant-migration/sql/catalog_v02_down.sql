-- Without CASCADE: what somebody else has made on it fails this instead of being removed.
DROP TABLE IF EXISTS tenancy_catalog.moves;
DO $body$
BEGIN
  IF pg_catalog.to_regclass('tenancy_catalog.placements') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS keep_what_moves ON tenancy_catalog.placements;
  END IF;
  IF pg_catalog.to_regclass('tenancy_catalog.organizations') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS keep_what_moves ON tenancy_catalog.organizations;
  END IF;
END
$body$;
DROP FUNCTION IF EXISTS tenancy_catalog.keep_what_moves();
