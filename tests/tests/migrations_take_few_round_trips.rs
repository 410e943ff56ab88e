//! A deploy that changes nothing asks the database few questions, and writes nothing.

use tenant_core::Registry;
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::Proxy;

use crate::support::{connect_as, empty_database, texts};

/// Round trips of a run that finds nothing to do, whatever the number of tables. More need a reason.
const NOTHING_TO_DO: u64 = 101;

/// What changes when anything in the catalogs or in the framework's tables is written.
const WRITES: &str = "SELECT concat_ws(' ', schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del)
    FROM pg_stat_all_tables WHERE schemaname IN ('pg_catalog', 'tenancy')
      AND relname IN ('pg_class', 'pg_namespace', 'pg_attribute', 'pg_constraint', 'pg_policy', 'pg_proc', 'pg_description',
        'known', 'runs', 'steps')
    ORDER BY 1";

#[tokio::test]
async fn a_run_that_finds_nothing_to_do_is_short_and_writes_nothing() {
    let (db, database) = empty_database().await;
    let registry = Registry::collect().expect("the sample's models");
    let roles = RoleNames::with_prefix("few_trips").expect("valid names");
    let migrator = TenantMigrator::builder(&registry).roles(roles).build().expect("a plan can be made");
    migrator.up(&db, None).await.expect("up");
    let migrating = connect_as("few_trips_migrator", &database).await;
    migrator.up(&migrating, None).await.expect("up, as the migrator role");
    migrating.close().await.expect("closed");
    let flush = "SELECT pg_stat_force_next_flush()::text";

    let proxy = Proxy::start(&database).expect("a proxy");
    let through =
        sea_orm::Database::connect(proxy.url("few_trips_migrator", database.name())).await.expect("connected");
    let from = proxy.round_trips();
    texts(&db, flush).await;
    let before = texts(&db, WRITES).await;
    migrator.up(&through, None).await.expect("nothing to do");
    let round_trips = proxy.round_trips() - from;
    texts(&through, flush).await;
    through.close().await.expect("closed");
    assert_eq!(texts(&db, WRITES).await, before, "nothing is written, not even to be rolled back");
    println!("{round_trips} round trips");
    assert!(round_trips <= NOTHING_TO_DO, "{round_trips} round trips to find that there is nothing to do");
}
