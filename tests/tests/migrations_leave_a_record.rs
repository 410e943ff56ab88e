//! Every command that changes the schema records what it left, as a superuser and as the migrator role.

use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use sea_orm_migration::MigratorTraitSelf;
use tenant_core::Registry;
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::Database;

use crate::posture::posture;
use crate::support::{connect_as, empty_database, execute, texts};

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

#[tokio::test]
async fn in_a_transaction_of_the_caller_whose_settings_stay() {
    let (admin, database) = empty_database().await;
    let transaction = admin.begin().await.expect("a transaction");
    migrator("record_within").up(&transaction, None).await.expect("up");
    let count = transaction.execute_unprepared("SELECT FROM molecules").await.expect("found by the search path");
    assert_eq!(count.rows_affected(), 0);
    transaction.commit().await.expect("committed");
    assert_recorded(&admin, &database, "up in a transaction").await;
}
