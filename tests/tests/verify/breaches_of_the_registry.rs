//! Where the database differs from what the registry describes.

use super::breach::Breach;

pub(super) const BREACHES: &[Breach] = &[
    Breach::new("table-missing", "DROP TABLE memberships"),
    Breach::new("not-a-table", "DROP TABLE memberships; CREATE VIEW memberships AS SELECT 1 AS id"),
    Breach::new("column-missing", "ALTER TABLE molecules DROP COLUMN smiles"),
    Breach::new("column-changed", "ALTER TABLE molecules ALTER name DROP NOT NULL"),
    Breach::new("column-changed", "ALTER TABLE molecules ALTER first_approval TYPE bigint"),
    Breach::new("key-missing", "ALTER TABLE users DROP CONSTRAINT users_email_key"),
    Breach::new("index-missing", "DROP INDEX docking_jobs_status_idx"),
    Breach::new("foreign-key-missing", "ALTER TABLE memberships DROP CONSTRAINT memberships_user_id_fkey"),
    Breach::new(
        "tenant-function-changed",
        "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE
           SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN '00000000-0000-0000-0000-000000000001'; END $$",
    ),
    // What a fence adds to another function; a UUID may stand in braces.
    Breach::new(
        "tenant-function-changed",
        "DO $$ BEGIN EXECUTE replace(pg_get_functiondef('tenancy.current_tenant()'::regprocedure), E'  RETURN bound::uuid;\\n',
           E'  RETURN ''{00000000-0000-0000-0000-000000000001}'';\\n  RETURN bound::uuid;\\n'); END $$",
    ),
    Breach::new(
        "fence-differs",
        "INSERT INTO tenancy.fences VALUES ('00000000-0000-0000-0000-00000000000f', 'closed'); SELECT tenancy.raise_fences();
         CREATE OR REPLACE FUNCTION tenancy.moved_away() RETURNS uuid[] LANGUAGE plpgsql STABLE PARALLEL SAFE
           SET search_path = pg_catalog, pg_temp AS $$\nBEGIN\n  RETURN '{}';\nEND\n$$",
    ),
    Breach::new("audit-trigger-missing", "DROP TRIGGER tenancy_audit_update ON molecules"),
    Breach::new("audit-trigger-missing", "ALTER TABLE molecules DISABLE TRIGGER tenancy_audit_insert"),
    Breach::new("audit-trigger-missing", "ALTER TABLE molecules ENABLE TRIGGER tenancy_audit_insert"),
    Breach::new(
        "audit-trigger-missing",
        "CREATE OR REPLACE TRIGGER tenancy_audit_delete AFTER DELETE ON molecules REFERENCING OLD TABLE AS old_rows
           FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION tenancy.\"audit.public.molecules\"();
         ALTER TABLE molecules ENABLE ALWAYS TRIGGER tenancy_audit_delete",
    ),
    Breach::new(
        "audit-trigger-missing",
        "CREATE OR REPLACE TRIGGER tenancy_audit_truncate AFTER TRUNCATE ON molecules
           FOR EACH STATEMENT EXECUTE FUNCTION tenancy.\"audit.public.users\"();
         ALTER TABLE molecules ENABLE ALWAYS TRIGGER tenancy_audit_truncate",
    ),
    Breach::new(
        "audit-function-changed",
        "CREATE OR REPLACE FUNCTION tenancy.\"audit.public.molecules\"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
           SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NULL; END $$",
    ),
    Breach::new("audit-function-changed", "ALTER FUNCTION tenancy.\"audit.public.molecules\"() SECURITY INVOKER"),
    Breach::new("audit-function-changed", "ALTER FUNCTION tenancy.\"audit.public.users\"() RESET extra_float_digits"),
    Breach::new("audit-function-changed", "ALTER FUNCTION tenancy.\"audit.public.molecules\"() OWNER TO tenancy_migrator"),
    Breach::new("audit-function-changed", "GRANT EXECUTE ON FUNCTION tenancy.\"audit.public.molecules\"() TO tenancy_app"),
];
