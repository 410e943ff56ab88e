//! Row-level security, policies and views.

use super::breach::Breach;

pub(super) const BREACHES: &[Breach] = &[
    Breach::new("rls-not-enabled", "ALTER TABLE molecules DISABLE ROW LEVEL SECURITY"),
    Breach::new("rls-not-forced", "ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY"),
    Breach::new("partition-without-rls", "CREATE TABLE more_molecules () INHERITS (molecules)"),
    Breach::new(
        "partition-without-rls",
        "CREATE TABLE more_molecules () INHERITS (molecules); ALTER TABLE more_molecules ENABLE ROW LEVEL SECURITY",
    ),
    Breach::new("no-permissive-policy", "DROP POLICY tenant_isolation ON molecules"),
    Breach::new("no-restrictive-floor", "DROP POLICY tenant_floor ON molecules"),
    Breach::new(
        "no-restrictive-floor",
        "DROP POLICY tenant_floor ON molecules; CREATE POLICY tenant_floor ON molecules AS RESTRICTIVE TO tenancy_app
           WITH CHECK (organization_id = (SELECT tenancy.current_tenant()))",
    ),
    Breach::new(
        "no-restrictive-floor",
        "DROP POLICY tenant_floor ON molecules; CREATE POLICY tenant_floor ON molecules AS RESTRICTIVE FOR SELECT TO tenancy_app
           USING (organization_id = (SELECT tenancy.current_tenant()))",
    ),
    Breach::new(
        "no-restrictive-floor",
        "ALTER POLICY tenant_floor ON molecules
           USING (organization_id = organization_id) WITH CHECK (organization_id = organization_id)",
    ),
    Breach::new(
        "no-restrictive-floor",
        "ALTER POLICY tenant_floor ON molecules
           USING (organization_id IS NOT NULL) WITH CHECK (organization_id IS NOT NULL)",
    ),
    Breach::new(
        "no-restrictive-floor",
        "ALTER POLICY tenant_floor ON molecules
           USING (organization_id = (SELECT tenancy.current_tenant()) OR name <> '') WITH CHECK (organization_id = (SELECT tenancy.current_tenant()) OR name <> '')",
    ),
    Breach::new(
        "no-restrictive-floor",
        "ALTER POLICY tenant_floor ON molecules
           USING (coalesce(organization_id = (SELECT tenancy.current_tenant()), true)) WITH CHECK (coalesce(organization_id = (SELECT tenancy.current_tenant()), true))",
    ),
    Breach::new(
        "no-restrictive-floor",
        "ALTER POLICY tenant_floor ON molecules
           USING (organization_id <> (SELECT tenancy.current_tenant())) WITH CHECK (organization_id <> (SELECT tenancy.current_tenant()))",
    ),
    Breach::new(
        "partition-without-rls",
        "CREATE TABLE everything (name text NOT NULL); GRANT SELECT ON everything TO tenancy_app; ALTER TABLE molecules INHERIT everything",
    )
    .besides(&["unknown-table-readable"]),
    Breach::new("rule-on-table", "CREATE RULE quiet AS ON DELETE TO molecules DO ALSO NOTHING"),
    Breach::new(
        "policy-always-true",
        "ALTER POLICY tenant_isolation ON molecules USING (true) WITH CHECK (true)",
    ),
    Breach::new("policy-always-true", "ALTER POLICY tenant_floor ON users USING (true) WITH CHECK (true)")
        .besides(&["no-restrictive-floor"]),
    Breach::new(
        "policy-ignores-tenant",
        "ALTER POLICY tenant_isolation ON molecules USING (name <> '') WITH CHECK (name <> '')",
    ),
    Breach::new(
        "policy-mentions-tenant",
        "ALTER POLICY tenant_isolation ON molecules
           USING (organization_id IS NOT NULL) WITH CHECK (organization_id IS NOT NULL)",
    ),
    Breach::new("policy-mentions-tenant", "ALTER POLICY tenant_isolation ON molecules USING (organization_id = organization_id)"),
    Breach::new(
        "policy-mentions-tenant",
        "ALTER POLICY tenant_isolation ON molecules USING (organization_id = (SELECT tenancy.current_tenant()) OR true);
         DROP POLICY tenant_floor ON molecules",
    )
    .besides(&["no-restrictive-floor"]),
    Breach::new(
        "policy-mentions-tenant",
        "ALTER POLICY tenant_isolation ON molecules
           USING (name <> '' AND (organization_id = (SELECT tenancy.current_tenant()) OR name <> ''))",
    ),
    Breach::new(
        "policy-mentions-tenant",
        "ALTER POLICY tenant_isolation ON molecules WITH CHECK (organization_id <> (SELECT tenancy.current_tenant()))",
    ),
    // Its WITH CHECK alone reads the column.
    Breach::new("policy-mentions-tenant", "ALTER POLICY tenant_isolation ON molecules USING (name <> '')"),
    Breach::new(
        "policy-reads-table",
        "ALTER POLICY tenant_isolation ON molecules USING (organization_id = (SELECT tenancy.current_tenant())
           AND EXISTS (SELECT FROM organizations))",
    ),
    Breach::new("check-ignores-tenant", "ALTER POLICY tenant_isolation ON molecules WITH CHECK (name <> '')"),
    Breach::new("policy-for-public", "ALTER POLICY tenant_isolation ON molecules TO PUBLIC"),
    Breach::new("policy-for-stranger", "CREATE POLICY copying ON molecules TO tenancy_migrator USING (true)"),
    Breach::new(
        "policy-for-stranger",
        "CREATE POLICY copying ON molecules TO tenancy_migrator USING (organization_id IS NOT NULL)",
    ),
    Breach::new(
        "policy-per-row",
        "ALTER POLICY tenant_isolation ON molecules USING (organization_id = tenancy.current_tenant())",
    ),
    Breach::new(
        "policy-per-row",
        "ALTER POLICY tenant_isolation ON molecules
           USING (organization_id = (SELECT tenancy.current_tenant())
             AND name <> coalesce(nullif(current_setting('tenancy.user_id', true), ''), ''))",
    )
    .besides(&["policies-disagree"]),
    Breach::new(
        "policies-disagree",
        "ALTER POLICY tenant_isolation ON molecules
           USING (organization_id = (SELECT current_setting('app.tenant')::uuid))
           WITH CHECK (organization_id = (SELECT current_setting('app.tenant')::uuid))",
    ),
    // Whoever changes all of them alike is in the majority.
    Breach::new(
        "policies-disagree",
        "DO $$ DECLARE policy record; BEGIN
           FOR policy IN SELECT polname, polrelid::regclass AS relation FROM pg_policy WHERE polname IN ('tenant_isolation', 'tenant_floor')
             AND polrelid IN (SELECT attrelid FROM pg_attribute WHERE attname = 'organization_id') LOOP
             EXECUTE format('ALTER POLICY %1$I ON %2$s USING (%3$I = (SELECT current_setting(''app.tenant'')::uuid))
               WITH CHECK (%3$I = (SELECT current_setting(''app.tenant'')::uuid))', policy.polname, policy.relation, 'organization_id');
           END LOOP;
         END $$",
    ),
    Breach::new(
        "several-permissive-policies",
        "CREATE POLICY more ON molecules FOR SELECT TO tenancy_app USING (organization_id = (SELECT tenancy.current_tenant()))",
    ),
    Breach::new("view-without-invoker", "CREATE VIEW names AS SELECT name FROM molecules"),
    Breach::new(
        "view-without-invoker",
        "CREATE VIEW names WITH (security_invoker = true) AS SELECT name FROM molecules;
         CREATE VIEW short_names AS SELECT name FROM names WHERE length(name) < 9",
    ),
    Breach::new("materialized-view", "CREATE MATERIALIZED VIEW names AS SELECT name FROM molecules"),
];
