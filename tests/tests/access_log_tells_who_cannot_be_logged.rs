//! Where no entry can be written, what was to be logged is not done, or goes on and is counted: as the deploy said.

use sea_orm::{ActiveModelTrait, TransactionSession, TransactionTrait};
use tenant_core::{Registry, TenantError};
use tenant_migration::{AuditFailures, TenantMigrator};

use crate::support::{LOST, World, a_molecule, application_role, connect_as, empty_log, months_gone, texts};

const NEW: &str = "SELECT external_ref FROM molecules WHERE external_ref LIKE 'NEW-%' ORDER BY 1";

async fn deploy(world: &World, failures: AuditFailures) {
    let registry = Registry::collect().expect("the sample's models");
    let migrator = TenantMigrator::builder(&registry).audit_failures(failures).build().expect("a plan can be made");
    let migrating = connect_as("tenancy_migrator", &world.database).await;
    migrator.up(&migrating, None).await.expect("up");
    assert!(migrator.plan(&migrating).await.expect("a plan").is_empty());
    let other = match failures {
        AuditFailures::Refuse => AuditFailures::Count,
        AuditFailures::Count => AuditFailures::Refuse,
    };
    let other = TenantMigrator::builder(&registry).audit_failures(other).build().expect("a plan can be made");
    assert!(!other.plan(&migrating).await.expect("a plan").is_empty(), "the other way is another foundation");
}

#[tokio::test]
async fn it_is_refused_unless_the_deploy_says_otherwise() {
    let world = World::new().await;
    a_molecule(501).insert(&world.acme.db).await.expect("logged");
    months_gone(&world.admin, 0).await;
    let failure = a_molecule(502).insert(&world.acme.db).await.expect_err("no partition");
    let refusal = TenantError::of(&failure).expect("a typed error");
    assert!(matches!(refusal, TenantError::NoLogMonth { .. }), "{refusal}");
    assert!(refusal.to_string().contains("`migrate audit retain`"), "{refusal}");
    assert_eq!(texts(&world.admin, NEW).await, ["NEW-501"]);
    assert_eq!(texts(&world.admin, LOST).await, ["0"]);
}

#[tokio::test]
async fn it_goes_on_and_is_counted_where_the_deploy_says_so() {
    let world = World::new().await;
    deploy(&world, AuditFailures::Count).await;
    empty_log(&world.admin).await;
    a_molecule(501).insert(&world.acme.db).await.expect("logged");
    assert_eq!(texts(&world.admin, "SELECT count(*)::text FROM tenancy.access_log").await, ["1"]);
    assert_eq!(texts(&world.admin, LOST).await, ["0"]);

    months_gone(&world.admin, 0).await;
    a_molecule(502).insert(&world.acme.db).await.expect("done");
    assert_eq!(texts(&world.admin, LOST).await, ["1"]);
    let transaction = world.acme.db.begin().await.expect("a transaction");
    a_molecule(503).insert(&transaction).await.expect("done");
    transaction.rollback().await.expect("rolled back");
    assert_eq!(texts(&world.admin, LOST).await, ["2"], "what is rolled back stays counted");
    let application = world.database.plain(&application_role()).await.expect("the application's connection");
    let bound = tenant_testkit::PoliciesOnly::new(application, world.acme.id);
    assert_eq!(texts(&bound, "SELECT tenancy.record_accesses('[{}, {}, {}]')::text").await, ["0"]);
    assert_eq!(texts(&world.admin, LOST).await, ["5"]);
    assert_eq!(texts(&world.admin, NEW).await, ["NEW-501", "NEW-502"]);

    deploy(&world, AuditFailures::Refuse).await;
    months_gone(&world.admin, 0).await;
    a_molecule(504).insert(&world.acme.db).await.expect_err("no partition");
    assert_eq!(texts(&world.admin, LOST).await, ["5"]);
}
