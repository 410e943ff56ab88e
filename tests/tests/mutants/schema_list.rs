//! The mutants of the schema.

use super::schema::Watch::{self, Oracle, Preflight, Rules, Verify};

/// The migrated sample with something missing or altered.
pub(crate) struct SchemaMutant {
    pub(crate) name: &'static str,
    /// What makes it.
    pub(crate) sql: &'static str,
    /// What the application's role is given: then a role of its own, because roles are the whole server's.
    pub(crate) role: Option<&'static str>,
    /// Who must notice; others may.
    pub(super) noticed_by: &'static [Watch],
}

const fn schema(name: &'static str, sql: &'static str, noticed_by: &'static [Watch]) -> SchemaMutant {
    SchemaMutant { name, sql, role: None, noticed_by }
}

const fn role(name: &'static str, role: &'static str, noticed_by: &'static [Watch]) -> SchemaMutant {
    SchemaMutant { name, sql: "", role: Some(role), noticed_by }
}

pub(crate) const MUTANTS: &[SchemaMutant] = &[
    schema("no floor", "DROP POLICY tenant_floor ON molecules", &[Preflight, Rules]),
    schema("no permissive policy", "DROP POLICY tenant_isolation ON molecules", &[Preflight, Rules, Oracle]),
    schema("not enabled", "ALTER TABLE molecules DISABLE ROW LEVEL SECURITY", &[Preflight, Rules, Oracle]),
    schema("not forced", "ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY", &[Preflight, Rules]),
    schema("a wide policy above the floor", "CREATE POLICY wide ON molecules TO tenancy_app USING (true)", &[Preflight, Rules]),
    schema(
        "a wide policy and no floor",
        "DROP POLICY tenant_floor ON molecules; CREATE POLICY wide ON molecules TO PUBLIC USING (true)",
        &[Preflight, Rules, Oracle],
    ),
    schema(
        "the permissive policy holds always",
        "ALTER POLICY tenant_isolation ON molecules USING (true) WITH CHECK (true)",
        &[Preflight, Rules],
    ),
    schema(
        "the floor holds always",
        "ALTER POLICY tenant_floor ON molecules USING (true) WITH CHECK (true)",
        &[Preflight, Rules],
    ),
    schema("the floor checks no new rows", "ALTER POLICY tenant_floor ON users WITH CHECK (true)", &[Preflight, Rules]),
    schema(
        "no policy checks new rows",
        "ALTER POLICY tenant_floor ON users WITH CHECK (true); ALTER POLICY tenant_isolation ON users WITH CHECK (true)",
        &[Preflight, Rules, Oracle],
    ),
    schema(
        "the bound tenant is always the same",
        "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE plpgsql STABLE
           SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN '00000000-0000-0000-0000-000000000001'; END $$",
        &[Preflight, Oracle],
    ),
    schema(
        "unbound sessions get no error",
        "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid LANGUAGE plpgsql STABLE
           SET search_path = pg_catalog, pg_temp
           AS $$ BEGIN RETURN nullif(current_setting('tenancy.tenant_id', true), '')::uuid; END $$",
        &[Preflight],
    ),
    schema(
        "the bound tenant is asked of anybody's function",
        "ALTER FUNCTION tenancy.current_tenant() RESET search_path",
        &[Preflight],
    ),
    schema(
        "a primary key without the tenant",
        "ALTER TABLE job_results DROP CONSTRAINT job_results_pkey, ADD PRIMARY KEY (id)",
        &[Preflight, Rules, Oracle],
    ),
    schema("a unique index without the tenant", "CREATE UNIQUE INDEX told ON users (email)", &[Preflight, Rules, Oracle]),
    schema(
        "a unique index that ends with the tenant",
        "CREATE UNIQUE INDEX told ON users (email, organization_id)",
        &[Rules],
    ),
    schema(
        "a foreign key without the tenant",
        "ALTER TABLE users ADD UNIQUE (id);
         ALTER TABLE memberships DROP CONSTRAINT memberships_user_id_fkey, ADD FOREIGN KEY (user_id) REFERENCES users (id)",
        &[Preflight, Rules],
    ),
    schema("no foreign key", "ALTER TABLE memberships DROP CONSTRAINT memberships_user_id_fkey", &[Preflight, Oracle]),
    schema(
        "the tenant column may be NULL",
        "ALTER TABLE job_results DROP CONSTRAINT job_results_pkey; ALTER TABLE job_results ALTER organization_id DROP NOT NULL",
        &[Preflight, Rules],
    ),
    schema("TRUNCATE granted", "GRANT TRUNCATE ON job_results TO tenancy_app", &[Preflight, Rules, Oracle]),
    schema("UPDATE of a shared table granted", "GRANT UPDATE ON targets TO tenancy_app", &[Preflight, Rules, Oracle]),
    schema("a table that the application owns", "ALTER TABLE molecules OWNER TO tenancy_app", &[Preflight, Rules]),
    schema("a table that everybody may read", "GRANT SELECT ON molecules TO PUBLIC", &[Preflight, Rules]),
    schema("writes that are not logged", "DROP TRIGGER tenancy_audit_update ON molecules", &[Preflight, Verify]),
    schema(
        "writes that are logged in some sessions alone",
        "ALTER TABLE molecules ENABLE TRIGGER tenancy_audit_insert",
        &[Preflight, Verify],
    ),
    role("a role that passes row-level security", "BYPASSRLS", &[Preflight, Oracle]),
    role("a role that is a member of the owner", "IN ROLE tenancy_owner", &[Preflight]),
    role("a role that is a member of the administrators", "IN ROLE tenancy_admin", &[Preflight]),
];

/// Statements that reach what random ones don't: rows of another tenant, rights, references.
pub(super) const NAMED: &[&str] = &[
    "INSERT INTO users (id, organization_id, email, name) VALUES
       ('00000000-0000-0000-0000-00000000aaaa', '00000000-0000-0000-0000-000000000002', 'x', 'y')",
    "INSERT INTO memberships (id, organization_id, user_id, role) VALUES
       ('00000000-0000-0000-0000-00000000aaaa', '00000000-0000-0000-0000-000000000001',
        '00000000-0000-0000-0000-00000000bbbb', 'owner')",
    "TRUNCATE job_results",
    "UPDATE targets SET name = 'x'",
];
