//! The plan for Citus, run on PostgreSQL with stand-ins for Citus' functions, which refuse what Citus refuses: all else of it
//! is SQL that works, and its policies hold. No test here says that a cluster takes it.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use tenant_core::Registry;
use tenant_core::session::TENANT_VARIABLE;
use tenant_migration::{CitusPlan, RoleNames};
use tenant_testkit::Database;

use crate::support::{connect_as, empty_database, execute, texts};

const A: &str = "00000000-0000-4000-8000-00000000000a";
const B: &str = "00000000-0000-4000-8000-00000000000b";

/// A database that was made by the plan, a superuser's connection to it, and the application's.
async fn made(prefix: &str) -> (DatabaseConnection, DatabaseConnection, Database) {
    let (admin, database) = empty_database().await;
    execute(&admin, include_str!("support/citus_stand_ins.sql")).await;
    let registry = Registry::collect().expect("the sample is consistent");
    let roles = RoleNames::with_prefix(prefix).expect("valid names");
    let plan = CitusPlan::new(&registry, &roles).expect("a plan can be made");
    execute(&admin, &plan.to_string()).await;
    let app = connect_as(roles.app().as_str(), &database).await;
    (admin, app, database)
}

/// A transaction that is bound as one has to be there.
async fn bound(app: &DatabaseConnection, tenant: &str) -> DatabaseTransaction {
    let transaction = app.begin().await.expect("begins");
    execute(&transaction, &format!("SET LOCAL {TENANT_VARIABLE} = '{tenant}'")).await;
    transaction
}

async fn refusal(app: &DatabaseConnection, tenant: &str, sql: &str) -> String {
    bound(app, tenant).await.execute_unprepared(sql).await.expect_err(sql).to_string()
}

#[tokio::test]
async fn every_table_is_where_citus_would_have_it() {
    let (admin, _app, _database) = made("citus_places").await;
    let spread =
        texts(&admin, "SELECT format('%s by %s', spread::text, key) FROM citus_stand_in.spread ORDER BY 1").await;
    let tables: Vec<_> = spread.iter().map(String::as_str).collect();
    assert_eq!(
        tables,
        [
            "docking_jobs by organization_id",
            "job_results by organization_id",
            "memberships by organization_id",
            "molecules by organization_id",
            "organizations by id",
            "pipelines by organization_id",
            "targets by ",
            "users by organization_id"
        ]
    );
    let broken = texts(&admin, "SELECT * FROM citus_stand_in.broken_rules()").await;
    assert!(broken.is_empty(), "{broken:?}");
}

#[tokio::test]
async fn the_stand_ins_refuse_what_citus_refuses() {
    let (admin, _database) = empty_database().await;
    execute(&admin, include_str!("support/citus_stand_ins.sql")).await;
    execute(&admin, "CREATE TABLE parent (tenant uuid, id uuid, PRIMARY KEY (tenant, id))").await;
    let spread = |table: &str| format!("SELECT create_distributed_table('{table}', 'tenant')");
    execute(&admin, &spread("parent")).await;
    for (make, rule) in [
        ("CREATE TABLE child (tenant uuid, id uuid PRIMARY KEY)", "must include the distribution column"),
        (
            "CREATE TABLE child (tenant uuid, id uuid); ALTER TABLE child ENABLE ROW LEVEL SECURITY;
             CREATE POLICY p ON child USING (tenant = (SELECT gen_random_uuid()))",
            "Subqueries are not supported in policies",
        ),
        (
            "CREATE TABLE child (tenant uuid, parent uuid,
               FOREIGN KEY (tenant, parent) REFERENCES parent ON DELETE SET NULL (parent))",
            "SET NULL or SET DEFAULT is not supported",
        ),
        (
            "CREATE TABLE child (tenant uuid, parent uuid, FOREIGN KEY (parent, tenant) REFERENCES parent)",
            "partition column in the same ordinal",
        ),
    ] {
        let refused = admin.execute_unprepared(&format!("{make}; {}", spread("child"))).await.expect_err(rule);
        assert!(refused.to_string().contains(rule), "{refused}");
    }
}

#[tokio::test]
async fn the_application_is_held_by_policies_that_ask_directly() {
    let (admin, app, _database) = made("citus_policies").await;
    let rows = format!(
        "INSERT INTO organizations (id, name) VALUES ('{A}', 'A'), ('{B}', 'B');
         INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type)
           VALUES ('{A}', '{A}', '1', 'aspirin', ''), ('{A}', '{B}', '1', 'borneol', ''), ('{B}', '{B}', '2', 'cresol', '');
         INSERT INTO targets VALUES ('CDK2', 'Cyclin-dependent kinase 2')"
    );
    execute(&admin, &rows).await;

    let names = "SELECT name FROM molecules ORDER BY name";
    let unbound = app.execute_unprepared(names).await.expect_err("nobody is bound").to_string();
    assert!(unbound.contains("no tenant is bound to this session"), "{unbound}");
    for (tenant, seen) in [(A, vec!["aspirin"]), (B, vec!["borneol", "cresol"])] {
        let transaction = bound(&app, tenant).await;
        assert_eq!(texts(&transaction, names).await, seen);
        assert_eq!(texts(&transaction, "SELECT id::text FROM organizations").await, [tenant]);
        assert_eq!(texts(&transaction, "SELECT code FROM targets").await, ["CDK2"]);
        let changed = transaction.execute_unprepared("UPDATE molecules SET name = upper(name)").await.expect("updates");
        assert_eq!(changed.rows_affected(), seen.len() as u64);
        let gone = transaction.execute_unprepared("DELETE FROM molecules").await.expect("deletes");
        assert_eq!(gone.rows_affected(), seen.len() as u64);
    }
    // The binding ends with its transaction.
    let after = app.execute_unprepared(names).await.expect_err("nobody is bound any more").to_string();
    assert!(after.contains("no tenant is bound to this session"), "{after}");
    for (attack, said) in [
        (
            format!(
                "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type) VALUES ('{B}', '{B}', '3', 'x', '')"
            ),
            "row-level security",
        ),
        (format!("UPDATE molecules SET organization_id = '{B}'"), "row-level security"),
        ("ALTER TABLE molecules DISABLE ROW LEVEL SECURITY".to_owned(), "must be owner"),
        ("INSERT INTO targets VALUES ('X', 'X')".to_owned(), "permission denied"),
        ("SELECT * FROM run_command_on_workers('SELECT 1')".to_owned(), "permission denied"),
    ] {
        let refused = refusal(&app, A, &attack).await;
        assert!(refused.contains(said), "{attack}: {refused}");
    }
    assert_eq!(texts(&admin, names).await, ["aspirin", "borneol", "cresol"]);
}

#[tokio::test]
async fn a_row_that_is_referred_to_stays_until_what_refers_lets_go() {
    let (admin, app, _database) = made("citus_keys").await;
    let rows = format!(
        "INSERT INTO organizations (id, name) VALUES ('{A}', 'A');
         INSERT INTO users (id, organization_id, email, name) VALUES ('{A}', '{A}', 'a', 'a');
         INSERT INTO pipelines (id, organization_id, name, definition, created_by) VALUES ('{A}', '{A}', 'p', '{{}}', '{A}')"
    );
    execute(&admin, &rows).await;
    let refused = refusal(&app, A, "DELETE FROM users").await;
    assert!(refused.contains("pipelines_created_by_fkey"), "{refused}");
    let transaction = bound(&app, A).await;
    execute(&transaction, "UPDATE pipelines SET created_by = NULL; DELETE FROM users").await;
    transaction.commit().await.expect("commits");
    assert_eq!(texts(&admin, "SELECT name FROM pipelines WHERE created_by IS NULL").await, ["p"]);
}
