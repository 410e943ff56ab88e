//! Row-level security alone, without the program's filter: each role sees and changes what it should, and nothing else.

use entities::{docking_job, job_result, membership, molecule, organization, pipeline, target, user};
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use tenant_core::session::{REASON_VARIABLE, TENANT_VARIABLE};
use tenant_core::{Registry, Table};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::Database;

use crate::support::{connect_as, empty_database, texts};

const A: &str = "00000000-0000-4000-8000-00000000000a";
const B: &str = "00000000-0000-4000-8000-00000000000b";
const NAMES: &str = "SELECT name FROM molecules ORDER BY name";
const NO_TENANT: (&str, &str) = (TENANT_VARIABLE, "");

/// Two organisations with a molecule of the same id, and the second with one that only it has.
async fn two_organisations(roles: &str) -> (DatabaseConnection, Database) {
    let (db, database) = empty_database().await;
    let registry = Registry::builder()
        .table(Table::scoped::<docking_job::Entity>())
        .table(Table::scoped::<molecule::Entity>())
        .table(Table::scoped::<job_result::Entity>())
        .table(Table::scoped::<membership::Entity>())
        .table(Table::scoped::<organization::Entity>().key("id"))
        .table(Table::scoped::<pipeline::Entity>())
        .table(Table::scoped::<user::Entity>())
        .table(Table::shared::<target::Entity>())
        .build()
        .expect("the sample is consistent");
    let roles = RoleNames::with_prefix(roles).expect("valid names");
    let migrator = TenantMigrator::builder(&registry).roles(roles).build().expect("a plan can be made");
    migrator.up(&db, None).await.expect("up");
    let rows = format!(
        "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type)
           VALUES ('{A}', '{A}', '1', 'aspirin', ''), ('{A}', '{B}', '1', 'borneol', ''), ('{B}', '{B}', '2', 'cresol', '');
         INSERT INTO targets VALUES ('CDK2', 'Cyclin-dependent kinase 2')"
    );
    db.execute_unprepared(&rows).await.expect("a superuser passes row-level security");
    (db, database)
}

/// A transaction in which a variable is bound.
async fn bound(db: &DatabaseConnection, (variable, value): (&str, &str)) -> DatabaseTransaction {
    let transaction = db.begin().await.expect("begins");
    let value = value.replace('\'', "''");
    let bind = format!("SELECT pg_catalog.set_config('{variable}', '{value}', true)");
    transaction.execute_unprepared(&bind).await.expect("binds");
    transaction
}

/// What the server says to a statement that it must refuse.
async fn refusal(db: &DatabaseConnection, binding: (&str, &str), sql: &str) -> String {
    let transaction = bound(db, binding).await;
    let refused = transaction.execute_unprepared(sql).await;
    transaction.rollback().await.expect("rolls back");
    refused.expect_err(sql).to_string()
}

async fn names(db: &DatabaseConnection, binding: (&str, &str)) -> Vec<String> {
    texts(&bound(db, binding).await, NAMES).await
}

#[tokio::test]
async fn a_session_that_is_bound_to_no_tenant_gets_an_error() {
    let (_db, database) = two_organisations("policy_unbound").await;
    for role in ["policy_unbound_app", "policy_unbound_reporting"] {
        let db = connect_as(role, &database).await;
        assert_eq!(texts(&db, "SELECT current_user::text").await, [role]);
        let unbound = db.execute_unprepared(NAMES).await.expect_err(role).to_string();
        assert!(unbound.contains("no tenant is bound to this session"), "{unbound}");
        for value in ["", "x", "' OR true --", "{00000000-0000-4000-8000-00000000000a}"] {
            let refused = refusal(&db, (TENANT_VARIABLE, value), NAMES).await;
            assert!(refused.contains("bound to this session"), "{value}: {refused}");
        }
    }
}

#[tokio::test]
async fn the_application_sees_and_changes_its_tenants_rows_only() {
    let (superuser, database) = two_organisations("policy_app").await;
    let db = connect_as("policy_app_app", &database).await;
    assert_eq!(texts(&db, "SELECT current_user::text").await, ["policy_app_app"]);
    let a = (TENANT_VARIABLE, A);
    assert_eq!(names(&db, a).await, ["aspirin"]);

    let foreign = format!("INSERT INTO molecules VALUES (gen_random_uuid(), '{B}', '9', 'x', 'x')");
    assert!(refusal(&db, a, &foreign).await.contains("row-level security policy"));
    let moved = format!("UPDATE molecules SET organization_id = '{B}'");
    assert!(refusal(&db, a, &moved).await.contains("row-level security policy"));
    let changed = format!("UPDATE molecules SET name = 'x' WHERE organization_id = '{B}'");
    let changed = bound(&db, a).await.execute_unprepared(&changed).await;
    assert_eq!(changed.expect("allowed").rows_affected(), 0);

    // Even a policy that shows everything can't: the floor is under it.
    let careless = "CREATE POLICY careless ON molecules USING (true) WITH CHECK (true)";
    superuser.execute_unprepared(careless).await.expect("made");
    assert_eq!(names(&db, a).await, ["aspirin"]);
    assert!(refusal(&db, a, &foreign).await.contains("row-level security policy"));
}

#[tokio::test]
async fn a_row_that_refers_stays_its_tenants_when_the_row_referred_to_goes() {
    let (_db, database) = two_organisations("policy_keys").await;
    let db = bound(&connect_as("policy_keys_app", &database).await, (TENANT_VARIABLE, A)).await;
    let job = format!(
        "INSERT INTO docking_jobs (id, organization_id, molecule_id, target_code, status)
           VALUES (gen_random_uuid(), '{A}', '{A}', 'CDK2', 'pending')"
    );
    db.execute_unprepared(&job).await.expect("its own");
    db.execute_unprepared("DELETE FROM molecules").await.expect("its own");
    let left = "SELECT organization_id || ' ' || (molecule_id IS NULL) FROM docking_jobs";
    assert_eq!(texts(&db, left).await, [format!("{A} true")]);
}

#[tokio::test]
async fn the_application_may_not_go_around_row_level_security() {
    let (_db, database) = two_organisations("policy_around").await;
    let db = connect_as("policy_around_app", &database).await;
    for statement in [
        "TRUNCATE molecules",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE molecules (id int)",
        "CREATE SCHEMA mine",
        "ALTER TABLE molecules DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_floor ON molecules",
        "CREATE TRIGGER spy AFTER INSERT ON molecules EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SET ROLE policy_around_owner",
        "SET ROLE policy_around_admin",
        "UPDATE targets SET name = ''",
        "SELECT tenancy.system_access()",
        "SET row_security = off; SELECT * FROM molecules",
    ] {
        let refused = refusal(&db, (TENANT_VARIABLE, A), statement).await;
        let expected = ["permission denied", "must be owner", "row-level security"];
        assert!(expected.iter().any(|text| refused.contains(text)), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn reporting_reads_its_tenants_rows_and_writes_nothing() {
    let (_db, database) = two_organisations("policy_reporting").await;
    let db = connect_as("policy_reporting_reporting", &database).await;
    let b = (TENANT_VARIABLE, B);
    assert_eq!(names(&db, b).await, ["borneol", "cresol"]);
    assert!(refusal(&db, b, "DELETE FROM molecules").await.contains("read-only transaction"));
    // Sessions begin read-only, but a session can change that: the grants are what counts.
    let writable = db.execute_unprepared("BEGIN READ WRITE; DELETE FROM molecules").await;
    assert!(writable.expect_err("refused").to_string().contains("permission denied"));
}

#[tokio::test]
async fn the_system_connection_crosses_tenants_only_with_a_reason() {
    let (_db, database) = two_organisations("policy_system").await;
    let db = connect_as("policy_system_admin", &database).await;
    // A tenant is no reason.
    for binding in [(TENANT_VARIABLE, A), (REASON_VARIABLE, "")] {
        let refused = refusal(&db, binding, NAMES).await;
        assert!(refused.contains("no reason is bound to this session"), "{refused}");
    }
    let reason = (REASON_VARIABLE, "a test");
    assert_eq!(names(&db, reason).await, ["aspirin", "borneol", "cresol"]);
    let shared = bound(&db, reason).await.execute_unprepared("UPDATE targets SET name = 'CDK2'").await;
    assert_eq!(shared.expect("shared rows are the system's to change").rows_affected(), 1);
}

#[tokio::test]
async fn the_owner_is_not_exempt() {
    let (_db, database) = two_organisations("policy_owner").await;
    let db = connect_as("policy_owner_migrator", &database).await;
    let refused = refusal(&db, NO_TENANT, NAMES).await;
    assert!(refused.contains("row-level security policy"), "row_security is off for the migrator: {refused}");
    let transaction = bound(&db, (TENANT_VARIABLE, A)).await;
    transaction.execute_unprepared("SET LOCAL row_security = on").await.expect("set");
    assert_eq!(texts(&transaction, NAMES).await, [""; 0]);
}
