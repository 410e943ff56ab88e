//! The migrated schema breaks none of its rules, and each rule names a table that breaks it.

use crate::support::{CATALOG_RULES, World, execute, offenders};

#[tokio::test]
async fn the_migrated_sample_breaks_no_rule() {
    let world = World::new().await;
    let scoped = offenders(&world.admin, "SELECT name FROM scoped ORDER BY 1").await;
    let declared: Vec<&str> = world.registry.scoped_tables().map(|(table, _)| table.name().table.as_str()).collect();
    assert_eq!(scoped, declared, "the catalog and the registry agree on what is scoped");
    for (rule, query) in CATALOG_RULES {
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
        "TRUNCATE docking_jobs CASCADE; ALTER TABLE docking_jobs ADD UNIQUE (id);
         ALTER TABLE job_results ADD FOREIGN KEY (job_id) REFERENCES docking_jobs (id)",
        "GRANT TRUNCATE ON molecules TO tenancy_app",
        "GRANT UPDATE (name) ON targets TO PUBLIC",
    ];
    for ((rule, query), breach) in CATALOG_RULES.into_iter().zip(breaches) {
        let world = World::new().await;
        // A key column can't be nullable while the primary key stands.
        if breach.contains("DROP NOT NULL") {
            execute(&world.admin, "ALTER TABLE job_results DROP CONSTRAINT job_results_pkey").await;
        }
        execute(&world.admin, breach).await;
        let named = offenders(&world.admin, query).await;
        let names = |name: &String| ["molecules", "job_results", "targets"].iter().any(|table| name.starts_with(table));
        assert!(named.iter().any(names), "`{breach}` was not noticed by: {rule}");
    }
}
