//! Every command that changes the schema records what it left, as a superuser and as the migrator role.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager, async_trait::async_trait};
use tenant_core::{Audit, Index, Registry, Table, Unique};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::Database;

use crate::posture::posture;
use crate::support::{connect_as, empty_database, execute, texts};

/// What an application adds, which counts.
struct AddsAView;

impl MigrationName for AddsAView {
    fn name(&self) -> &str {
        "m0001_adds_a_view"
    }
}

#[async_trait]
impl MigrationTrait for AddsAView {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("CREATE VIEW names AS SELECT name FROM molecules").await.map(drop)
    }
}

const RECORD: &str = "SELECT concat_ws(' ', posture, server, program) FROM tenancy.deployment";

fn migrator(roles: &str) -> TenantMigrator {
    TenantMigrator::builder(&Registry::collect().expect("the sample's models"))
        .roles(RoleNames::with_prefix(roles).expect("valid names"))
        .program("sample 1.2.3")
        .build()
        .expect("a plan can be made")
}

/// That the record is true, once whatever it said before is forgotten.
async fn assert_recorded(admin: &DatabaseConnection, database: &Database, when: &str) {
    let found = posture(database, "").await;
    assert_eq!(texts(admin, RECORD).await, [format!("{} {} sample 1.2.3", found.digest, found.server)], "{when}");
    execute(admin, "UPDATE tenancy.deployment SET posture = 'stale', program = 'another'").await;
}

#[tokio::test]
async fn after_each_command() {
    let (admin, database) = empty_database().await;
    let migrator = migrator("record");
    migrator.up(&admin, Some(3)).await.expect("a part of it");
    assert_recorded(&admin, &database, "up -n 3").await;
    for (who, db) in [("a superuser", &admin), ("the migrator role", &connect_as("record_migrator", &database).await)] {
        migrator.up(db, None).await.unwrap_or_else(|error| panic!("up as {who}: {error}"));
        assert_recorded(&admin, &database, "up").await;
        migrator.up(db, None).await.unwrap_or_else(|error| panic!("up again as {who}: {error}"));
        assert_recorded(&admin, &database, "up of nothing").await;
        migrator.down(db, Some(1)).await.unwrap_or_else(|error| panic!("down as {who}: {error}"));
        assert_recorded(&admin, &database, "down").await;
        migrator.refresh(db).await.unwrap_or_else(|error| panic!("refresh as {who}: {error}"));
        assert_recorded(&admin, &database, "refresh").await;
        migrator.fresh(db).await.unwrap_or_else(|error| panic!("fresh as {who}: {error}"));
        assert_recorded(&admin, &database, "fresh").await;
        migrator.down(db, None).await.unwrap_or_else(|error| panic!("down of all as {who}: {error}"));
        let left = texts(&admin, "SELECT nspname::text FROM pg_namespace WHERE nspname = 'tenancy'").await;
        assert_eq!(left, [""; 0], "no schema, no record");
    }
}

/// A program may start while others are deployed to, and after a deploy that failed half-way.
#[tokio::test]
async fn after_each_change_of_a_command_that_fails() {
    let (admin, database) = empty_database().await;
    let old = migrator("record_half");
    old.up(&admin, None).await.expect("up");
    let before = texts(&admin, RECORD).await;
    let molecules = Table::scoped::<entities::molecule::Entity>()
        .index(Index::new().ascending("name").filter("name <> 'x'"))
        .unique(Unique::new().column("name"))
        .audit(Audit::none().writes());
    let rows = "INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type, created_at)
                SELECT '00000000-0000-0000-0000-000000000001', gen_random_uuid(), n, 'twice', 'small', now() FROM generate_series(1, 2) AS n";
    execute(&admin, rows).await;
    // A policy that is gone comes back first; the unique constraint fails at the rows.
    let harm = "DROP POLICY tenant_reading ON molecules";
    let registry = Registry::builder().table(molecules).build().expect("consistent");
    let new = TenantMigrator::builder(&registry)
        .roles(RoleNames::with_prefix("record_half").expect("valid names"))
        .program("sample 2.0.0")
        .build()
        .expect("a plan can be made");
    execute(&admin, harm).await;
    let half = "UPDATE tenancy.deployment SET posture = ";
    execute(&admin, &format!("{half}'{}'", posture(&database, "").await.digest)).await;
    let failed = new.up(&admin, None).await.expect_err("two rows of one name").to_string();
    assert!(failed.contains("molecules_name_key"), "{failed}");
    let found = posture(&database, "").await;
    assert_eq!(texts(&admin, RECORD).await, [format!("{} {} sample 1.2.3", found.digest, found.server)]);
    assert_eq!(texts(&admin, RECORD).await, before, "the policy is back, and what failed left nothing that counts");
}

/// So that programs can start while the framework's changes are still to come, or have failed.
#[tokio::test]
async fn after_the_applications_own_changes_and_the_foundations() {
    let (admin, database) = empty_database().await;
    migrator("record_own").up(&admin, None).await.expect("up");
    execute(&admin, "COMMENT ON SCHEMA tenancy IS 'of another release'").await;
    let rows = "INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type, created_at)
                SELECT '00000000-0000-0000-0000-000000000001', gen_random_uuid(), n, 'twice', 'small', now() FROM generate_series(1, 2) AS n";
    execute(&admin, rows).await;
    let molecules = Table::scoped::<entities::molecule::Entity>().unique(Unique::new().column("name"));
    let new = TenantMigrator::builder(&Registry::builder().table(molecules).build().expect("consistent"))
        .roles(RoleNames::with_prefix("record_own").expect("valid names"))
        .application(|| vec![Box::new(AddsAView)])
        .build()
        .expect("a plan can be made");
    let before = posture(&database, "").await;
    new.up(&admin, None).await.expect_err("two rows of one name");
    let after = posture(&database, "").await;
    assert_ne!(after, before, "the view counts");
    assert_eq!(texts(&admin, RECORD).await, [format!("{} {} sample 1.2.3", after.digest, after.server)]);
}
