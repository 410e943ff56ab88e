//! What the application's role is, and how its sessions begin.

use super::breach::{Breach, Look};

pub(super) const BREACHES: &[Breach] = &[
    Breach::new("app-role-missing", "").look(Look::Column("organization_id", "nobody_at_all")),
    Breach::new("nothing-scoped", "").look(Look::Column("no_such_column", "tenancy_app")),
    Breach::new("app-role-attributes", "ALTER ROLE :role CREATEDB").look(Look::OwnRole),
    Breach::new("app-role-attributes", "ALTER ROLE :role BYPASSRLS").look(Look::OwnRole),
    Breach::new("app-role-attributes", "ALTER ROLE :role SUPERUSER").look(Look::OwnRole),
    Breach::new("app-role-becomes-privileged", "ALTER ROLE :other REPLICATION; GRANT :other TO :role").look(Look::OwnRole),
    Breach::new("app-role-predefined", "GRANT pg_read_all_stats TO :role").look(Look::OwnRole),
    Breach::new("app-role-owns", "ALTER TABLE molecules OWNER TO tenancy_app"),
    Breach::new("app-role-owns", "ALTER ROLE :other NOINHERIT; ALTER TABLE molecules OWNER TO :other; GRANT :other TO :role")
        .look(Look::OwnRole),
    // The one between has the administrators' rights only once it is taken.
    Breach::new("policy-in-reach", "ALTER ROLE :other NOINHERIT; GRANT tenancy_admin TO :other; GRANT :other TO :role")
        .look(Look::OwnRole),
    Breach::new(
        "setting-binds-tenant",
        "DO $$ BEGIN
           EXECUTE format('ALTER DATABASE %I SET tenancy.tenant_id = %L', current_database(), gen_random_uuid());
         END $$",
    ),
    Breach::new(
        "setting-binds-tenant",
        "CREATE FUNCTION tenancy.bound() RETURNS uuid LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
           AS $$ BEGIN RETURN current_setting('app.tenant')::uuid; END $$;
         CREATE POLICY also ON molecules AS RESTRICTIVE TO tenancy_reporting USING (organization_id = (SELECT tenancy.bound()));
         ALTER ROLE :role SET app.tenant = 'x'",
    )
    .look(Look::OwnRole),
    Breach::new(
        "setting-changes-session",
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public', current_database()); END $$",
    ),
    Breach::new("setting-changes-session", "ALTER ROLE :role SET session_replication_role = replica").look(Look::OwnRole),
    Breach::new("timeout-missing", "ALTER ROLE :role RESET lock_timeout").look(Look::OwnRole),
    Breach::new("timeout-missing", "ALTER ROLE :role SET statement_timeout = 0").look(Look::OwnRole),
];
