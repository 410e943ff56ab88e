//! The schema's rules, as queries over PostgreSQL's catalog that name the offender. A new table is covered without
//! being listed: what counts as scoped is every table that has the tenant column.

use sea_orm::DatabaseConnection;

use crate::support::{World, execute, texts};

/// Tables of tenants: those with a column `organization_id`, and `organizations` itself.
const SCOPED: &str = "
    scoped AS (
        SELECT c.oid, c.oid::regclass::text AS name, c.relrowsecurity, c.relforcerowsecurity, k.attname AS key, k.attnum
        FROM pg_class c JOIN pg_attribute k ON k.attrelid = c.oid AND NOT k.attisdropped
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND (k.attname = 'organization_id' OR c.relname = 'organizations' AND k.attname = 'id'))";

const RULES: [(&str, &str); 8] = [
    ("row-level security is enabled and forced", "
        SELECT name FROM scoped WHERE NOT (relrowsecurity AND relforcerowsecurity)"),
    ("the application is held by a restrictive policy on the tenant column", "
        SELECT name FROM scoped s WHERE NOT EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = s.oid AND NOT p.polpermissive AND p.polcmd = '*'
              AND 'tenancy_app'::regrole = ANY (p.polroles)
              AND pg_get_expr(p.polqual, p.polrelid) = format('(%s = ( SELECT tenancy.current_tenant() AS current_tenant))', s.key)
              AND pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid))"),
    ("a permissive policy shows the application its own rows, on the same condition", "
        SELECT name FROM scoped s WHERE NOT EXISTS (
            SELECT FROM pg_policy p WHERE p.polrelid = s.oid AND p.polpermissive AND p.polcmd = '*'
              AND 'tenancy_app'::regrole = ANY (p.polroles)
              AND pg_get_expr(p.polqual, p.polrelid) = format('(%s = ( SELECT tenancy.current_tenant() AS current_tenant))', s.key)
              AND pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid))"),
    ("no permissive policy for the application has another condition", "
        SELECT name || ' ' || p.polname FROM scoped s JOIN pg_policy p ON p.polrelid = s.oid
        WHERE p.polpermissive AND (0 = ANY (p.polroles) OR 'tenancy_app'::regrole = ANY (p.polroles))
          AND pg_get_expr(p.polqual, p.polrelid) <> format('(%s = ( SELECT tenancy.current_tenant() AS current_tenant))', s.key)"),
    ("the tenant column is a uuid and never NULL", "
        SELECT name FROM scoped s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attnum = s.attnum
        WHERE NOT a.attnotnull OR a.atttypid <> 'uuid'::regtype"),
    ("every primary key, unique and exclusion index is led by the tenant column", "
        SELECT name || ' ' || i.indexrelid::regclass FROM scoped s JOIN pg_index i ON i.indrelid = s.oid
        WHERE (i.indisunique OR i.indisexclusion) AND i.indkey[0] <> s.attnum"),
    ("every index is led by the tenant column and valid", "
        SELECT name || ' ' || i.indexrelid::regclass FROM scoped s JOIN pg_index i ON i.indrelid = s.oid
        WHERE i.indkey[0] <> s.attnum OR NOT i.indisvalid"),
    ("the owner is the owner role, and PUBLIC has no right", "
        SELECT name FROM scoped s JOIN pg_class c USING (oid)
        WHERE c.relowner <> 'tenancy_owner'::regrole
           OR EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0)"),
];

async fn offenders(admin: &DatabaseConnection, rule: &str) -> Vec<String> {
    texts(admin, &format!("WITH {SCOPED} {rule}")).await
}

#[tokio::test]
async fn the_migrated_sample_breaks_no_rule() {
    let world = World::new().await;
    let scoped = texts(&world.admin, &format!("WITH {SCOPED} SELECT name FROM scoped ORDER BY 1")).await;
    let declared: Vec<&str> = world.registry.scoped_tables().map(|(table, _)| table.name().table.as_str()).collect();
    assert_eq!(scoped, declared, "the catalog and the registry agree on what is scoped");
    for (rule, query) in RULES {
        assert_eq!(offenders(&world.admin, query).await, Vec::<String>::new(), "broken: {rule}");
    }
}

#[tokio::test]
async fn each_rule_names_a_table_that_breaks_it() {
    let breaches = [
        "ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY",
        "DO $$ DECLARE p name; BEGIN FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'molecules'::regclass AND NOT polpermissive
         LOOP EXECUTE format('DROP POLICY %I ON molecules', p); END LOOP; END $$",
        "DO $$ DECLARE p name; BEGIN FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'molecules'::regclass AND polpermissive
         LOOP EXECUTE format('DROP POLICY %I ON molecules', p); END LOOP; END $$",
        "CREATE POLICY wide ON molecules FOR SELECT TO tenancy_app USING (true)",
        "ALTER TABLE job_results ALTER organization_id DROP NOT NULL",
        "CREATE UNIQUE INDEX molecules_by_id ON molecules (id, organization_id)",
        "CREATE INDEX molecules_by_name ON molecules (name)",
        "GRANT SELECT ON molecules TO PUBLIC",
    ];
    for ((rule, query), breach) in RULES.into_iter().zip(breaches) {
        let world = World::new().await;
        // A key column can't be nullable while the primary key stands.
        if breach.contains("DROP NOT NULL") {
            execute(&world.admin, "ALTER TABLE job_results DROP CONSTRAINT job_results_pkey").await;
        }
        execute(&world.admin, breach).await;
        let named = offenders(&world.admin, query).await;
        assert!(
            named.iter().any(|name| name.starts_with("molecules") || name.starts_with("job_results")),
            "`{breach}` was not noticed by: {rule}"
        );
    }
}
