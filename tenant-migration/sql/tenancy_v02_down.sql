DROP TABLE IF EXISTS tenancy.access_log_retentions, tenancy.access_log_batches, tenancy.access_log_seals;
DROP TABLE IF EXISTS tenancy.access_log_values, tenancy.access_log;
DROP SEQUENCE IF EXISTS tenancy.access_log_entries, tenancy.access_log_lost;
DROP FUNCTION IF EXISTS tenancy.keep_log();
DROP FUNCTION IF EXISTS tenancy.record_refused_start(text);
DROP FUNCTION IF EXISTS tenancy.record_system_access(uuid);
DROP FUNCTION IF EXISTS tenancy.record_accesses(jsonb);
DROP FUNCTION IF EXISTS tenancy.record_write(uuid, text, text, bigint, jsonb);
DROP FUNCTION IF EXISTS tenancy.write_entry(timestamptz, uuid, uuid, uuid, text, text, text[], bigint, text, bigint, text, bytea);
DROP FUNCTION IF EXISTS tenancy.bound(text);
DROP FUNCTION IF EXISTS tenancy.prepare_months(integer);
DROP FUNCTION IF EXISTS tenancy.entry_hash(bigint, timestamptz, uuid, uuid, uuid, text, text, bigint, text, boolean, text[], bigint, text, bigint, text, bytea);
-- The schema may be gone already.
DO $body$
BEGIN
  IF to_regnamespace('tenancy') IS NOT NULL THEN
    COMMENT ON SCHEMA tenancy IS 'version 1';
  END IF;
END
$body$;
