//! The log has a partition for each month ahead, and loses old ones when they are old enough, sealed, and written down.

use std::num::NonZeroU32;
use std::time::Duration;

use sea_orm::{DatabaseConnection, TransactionTrait};
use tenant_core::{Registry, TenantDatabase};
use tenant_migration::audit::SealingKey;
use tenant_migration::{MigrationError, Patience, RetentionError, RetentionPolicy, TenantMigrator};
use tenant_testkit::Database;

use crate::support::{World, application_role, connect_as, execute, months_gone, old_entry, old_month, texts};

const MONTHS: &str = "SELECT right(inhrelid::regclass::text, 7) FROM pg_inherits
    WHERE inhparent IN ('tenancy.access_log'::regclass, 'tenancy.access_log_values'::regclass) ORDER BY inhrelid::regclass::text";
const LOG: &str = "SELECT kind || coalesce(touched::text, '') FROM tenancy.access_log ORDER BY entry";

/// Seals by hand all that the log has, up to this transaction.
const SEAL: &str = "INSERT INTO tenancy.access_log_seals (seal, previous, root, batches, entries, horizon, restored, sealed_at, key, hash, signature)
      VALUES (1, '', '', 1, 1, :horizon, 0, now(), '', '', '');
    INSERT INTO tenancy.access_log_batches SELECT '00000000-0000-0000-0000-000000000000', 0, 1, 0, '', '', '',
      string_agg(int8send(entry) || int8send((extract(epoch FROM at) * 1000000)::bigint) || hash, '') FROM tenancy.access_log";

fn migrator() -> TenantMigrator {
    let registry = Registry::collect().expect("the sample's models");
    TenantMigrator::new(&registry).expect("a plan can be made")
}

fn a_year() -> RetentionPolicy {
    RetentionPolicy::new(NonZeroU32::new(12).expect("twelve"))
}

/// A migrated database of the sample, a superuser's connection and the migrator's.
async fn migrated() -> (Database, DatabaseConnection, DatabaseConnection) {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    let migrating = connect_as("tenancy_migrator", &database).await;
    (database, admin, migrating)
}

async fn seal(admin: &DatabaseConnection, horizon: &str) {
    execute(admin, &SEAL.replace(":horizon", horizon)).await;
}

#[tokio::test]
async fn each_up_makes_the_months_ahead_and_no_plan_speaks_of_them() {
    let (database, admin, migrating) = migrated().await;
    let sound = texts(&admin, MONTHS).await;
    assert!(sound.len() >= 8, "this month and three ahead, of both: {sound:?}");
    months_gone(&admin, 1).await;
    let migrator = migrator();
    assert!(migrator.plan(&migrating).await.expect("a plan").is_empty(), "the first of a month is no difference");
    let start = async || TenantDatabase::builder(database.url(&application_role())).build().await.map(drop);
    start().await.expect("and keeps no program from starting");
    let done = migrator.up(&migrating, None).await.expect("up");
    assert!(done.len() == 1 && done[0].starts_with("months of the access log: 2"), "{done:?}");
    assert_eq!(texts(&admin, MONTHS).await, sound);
    start().await.expect("nor do the months that are made");
    assert_eq!(migrator.up(&migrating, None).await.expect("up"), [""; 0]);
}

#[tokio::test]
async fn several_deploys_at_once_make_them_once_while_others_write() {
    let (_database, admin, migrating) = migrated().await;
    let sound = texts(&admin, MONTHS).await;
    months_gone(&admin, 1).await;
    let writing = admin.begin().await.expect("a transaction");
    execute(&writing, "SELECT tenancy.record_refused_start('a long transaction')").await;
    let [one, other] = [migrator(), migrator()];
    let (one, other) = tokio::join!(one.up(&migrating, None), other.up(&migrating, None));
    assert_eq!(one.expect("up").len() + other.expect("up").len(), 1);
    assert_eq!(texts(&admin, MONTHS).await, sound);
    writing.commit().await.expect("committed");
}

#[tokio::test]
async fn what_was_done_to_its_walls_is_mended_by_the_next_up() {
    let (database, admin, migrating) = migrated().await;
    let part = "tenancy.access_log_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')";
    for harm in [
        "CREATE POLICY wide ON tenancy.access_log TO tenancy_reporting USING (true)".to_owned(),
        "DROP POLICY tenant_floor ON tenancy.access_log_values".to_owned(),
        "ALTER POLICY the_sealer_reads ON tenancy.access_log TO PUBLIC".to_owned(),
        "ALTER TABLE tenancy.access_log NO FORCE ROW LEVEL SECURITY".to_owned(),
        "GRANT INSERT ON tenancy.access_log TO tenancy_app".to_owned(),
        "DROP TRIGGER keep_log ON tenancy.access_log".to_owned(),
        "ALTER TABLE tenancy.access_log DISABLE TRIGGER keep_log".to_owned(),
        format!("DO $$ BEGIN EXECUTE 'ALTER TABLE {part} || ' DISABLE ROW LEVEL SECURITY'; END $$"),
        format!("DO $$ BEGIN EXECUTE 'GRANT SELECT ON {part} || ' TO tenancy_app'; END $$"),
        format!("DO $$ BEGIN EXECUTE 'CREATE POLICY wide ON {part} || ' USING (true)'; END $$"),
        format!("DO $$ BEGIN EXECUTE 'ALTER TABLE {part} || ' DISABLE TRIGGER keep_log'; END $$"),
    ] {
        execute(&admin, &harm).await;
        assert!(!migrator().plan(&migrating).await.expect("a plan").is_empty(), "{harm}");
        migrator().up(&migrating, None).await.expect("up");
        assert!(migrator().plan(&migrating).await.expect("a plan").is_empty(), "{harm}");
        let found = crate::verify::findings(&database, migrator().scope().clone()).await;
        assert_eq!(found, [], "{harm}");
    }
}

#[tokio::test]
async fn a_month_that_is_old_and_sealed_goes_and_the_log_says_so() {
    let (database, admin, migrating) = migrated().await;
    old_month(&admin, 2020).await;
    old_month(&admin, 2021).await;
    seal(&admin, "pg_current_xact_id()::text::bigint").await;
    let plan = migrator().plan_retention(&migrating, a_year()).await.expect("a plan");
    let said = "drop 2020-01: tenancy.access_log_2020_01, 1 entries\n\
                drop 2020-01: tenancy.access_log_values_2020_01, 0 entries\n\
                drop 2021-01: tenancy.access_log_2021_01, 1 entries\n\
                drop 2021-01: tenancy.access_log_values_2021_01, 0 entries\n";
    assert_eq!(plan.to_string(), said);
    assert_eq!(texts(&admin, LOG).await, ["read", "read"], "a plan does nothing");
    let unsigned = migrator().retain(&migrating, a_year(), None).await.expect_err("sealed, and no key");
    assert!(matches!(unsigned, RetentionError::NoKey), "{unsigned}");
    assert_eq!(texts(&admin, LOG).await, ["read", "read"], "nothing was dropped");
    let key = SealingKey::generate().expect("a key");
    let done = migrator().retain(&migrating, a_year(), Some(&key)).await.expect("dropped");
    assert_eq!(done.to_string(), said);
    assert_eq!(texts(&admin, LOG).await, ["retention2"]);
    let months = texts(&admin, MONTHS).await;
    assert!(months.len() >= 8 && months.iter().all(|month| month.as_str() > "2021_12"), "{months:?}");
    let record =
        "SELECT concat_ws(' ', retention, before AT TIME ZONE 'UTC', dropped_at > now() - interval '1 minute', key,
          length(signature))
        FROM tenancy.access_log_retentions";
    assert_eq!(texts(&admin, record).await, [format!("1 2021-02-01 00:00:00 t {} 64", key.public().id())]);
    assert!(migrator().retain(&migrating, a_year(), None).await.expect("nothing to sign").is_empty());
    TenantDatabase::builder(database.url(&application_role())).build().await.map(drop).expect("as recorded");
}

#[tokio::test]
async fn a_month_that_no_seal_covers_stays() {
    let (_database, admin, migrating) = migrated().await;
    old_month(&admin, 2020).await;
    let refused = async || migrator().retain(&migrating, a_year(), None).await.expect_err("not sealed");
    let said = refused().await.to_string();
    assert!(
        said.starts_with("2020-01 of the access log has 1 entries") && said.contains("`migrate audit seal`"),
        "{said}"
    );
    seal(&admin, "pg_current_xact_id()::text::bigint").await;
    for _ in 0..2 {
        old_entry(&admin, "2020-01-09", "denial").await;
    }
    let error = refused().await;
    assert!(matches!(&error, RetentionError::Unsealed { month, entries: 2 } if month == "2020-01"), "{error}");
    assert_eq!(texts(&admin, LOG).await, ["read", "denial", "denial"]);
    let key = SealingKey::generate().expect("a key");
    migrator().retain(&migrating, a_year().even_unsealed(), Some(&key)).await.expect("all the same");
    assert_eq!(texts(&admin, LOG).await, ["retention3"]);
}

#[tokio::test]
async fn what_is_written_while_the_seals_are_looked_at_stays() {
    let (_database, admin, migrating) = migrated().await;
    old_month(&admin, 2020).await;
    // Its number is in the seal, and its transaction not yet known to be over.
    seal(&admin, "1").await;
    let key = SealingKey::generate().expect("a key");
    let said = migrator().retain(&migrating, a_year(), Some(&key)).await.expect_err("not sealed").to_string();
    assert!(said.contains("what was written while the seals were looked at is sealed too"), "{said}");
    assert_eq!(texts(&admin, LOG).await, ["read"]);
}

#[tokio::test]
async fn after_a_restore_the_newest_seal_says_what_is_sealed() {
    let (_database, admin, migrating) = migrated().await;
    old_month(&admin, 2020).await;
    // The other server's transactions had high numbers.
    seal(&admin, "1000000000000000").await;
    let newer = async |seal: u32, restored: &str| {
        let columns = "previous, root, 0, 0, 1, :restored, sealed_at, key, hash, signature";
        let sql = format!(
            "INSERT INTO tenancy.access_log_seals SELECT {seal}, {columns} FROM tenancy.access_log_seals WHERE seal = 1"
        );
        execute(&admin, &sql.replace(":restored", restored)).await;
    };
    newer(2, "0").await;
    let key = SealingKey::generate().expect("a key");
    let said = migrator().retain(&migrating, a_year(), Some(&key)).await.expect_err("not sealed").to_string();
    assert!(said.contains("what was written while the seals were looked at is sealed too"), "{said}");
    newer(3, "(SELECT max(entry) FROM tenancy.access_log)").await;
    migrator().retain(&migrating, a_year(), Some(&key)).await.expect("all of the dump is sealed");
    assert_eq!(texts(&admin, LOG).await, ["retention1"]);
}

#[tokio::test]
async fn a_log_that_may_not_be_seen_whole_loses_nothing() {
    let (_database, admin, migrating) = migrated().await;
    old_month(&admin, 2020).await;
    execute(&admin, "DROP POLICY the_sealer_reads ON tenancy.access_log").await;
    for db in [&admin, &migrating] {
        let error = migrator().retain(db, a_year(), None).await.expect_err("it sees nothing");
        assert!(matches!(error, RetentionError::Outdated) && error.to_string().contains("`migrate up`"), "{error}");
    }
    assert_eq!(texts(&admin, LOG).await, ["read"]);
    migrator().up(&migrating, None).await.expect("up");
    let error = migrator().retain(&admin, a_year(), None).await.expect_err("not sealed");
    assert!(matches!(error, RetentionError::Unsealed { .. }), "a superuser sees it too: {error}");
}

#[tokio::test]
async fn who_writes_is_waited_for_and_not_for_long() {
    let (_database, admin, migrating) = migrated().await;
    old_month(&admin, 2020).await;
    let writing = admin.begin().await.expect("a transaction");
    execute(&writing, "SELECT tenancy.record_refused_start('a long transaction')").await;
    let patience = Patience::DEFAULT.lock_timeout(Duration::from_millis(20)).total(Duration::from_millis(600));
    let short = migrator().patience(patience);
    let error = short.retain(&migrating, a_year().even_unsealed(), None).await.expect_err("somebody writes");
    assert!(matches!(error, RetentionError::Migration(MigrationError::Lock { .. })), "{error}");
    writing.commit().await.expect("committed");
    short.retain(&migrating, a_year().even_unsealed(), None).await.expect("dropped");
}
