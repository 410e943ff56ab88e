DO $body$
BEGIN
  IF to_regclass('tenancy.fences') IS NULL THEN
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM tenancy.fences) THEN
    RAISE EXCEPTION 'organisations are being moved from this database, or were' USING
      ERRCODE = 'object_not_in_prerequisite_state', HINT = 'End the moves first: migrate tenant move … --status.';
  END IF;
END
$body$;
DROP FUNCTION IF EXISTS tenancy.raise_fences(), tenancy.moved_away(), tenancy.pass_fence(text), tenancy.turn_away(text),
  tenancy.fence_key(uuid);
DROP TABLE IF EXISTS tenancy.fences;
-- The schema may be gone already.
DO $body$
BEGIN
  IF to_regnamespace('tenancy') IS NOT NULL THEN
    COMMENT ON SCHEMA tenancy IS 'version 2';
  END IF;
END
$body$;
