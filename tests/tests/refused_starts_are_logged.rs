//! A program that refuses to start on a database says so in that database's access log, where it can; what it tells its own operator
//! is the same either way.

use std::time::Duration;

use sea_orm::{DatabaseConnection, TransactionTrait};
use tenant_core::{DatabaseError, PlacementKind, RoutingError, SystemDatabase, TenantContext, TenantDatabase};
use tenant_testkit::Database;

use crate::routing::{Estate, organization, placement, tenant};
use crate::support::{World, application_role, execute, logged, soon, texts};

const HARM: &str = "ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY";

struct Scene {
    database: Database,
    admin: DatabaseConnection,
}

impl Scene {
    async fn new(harm: &str) -> Self {
        let database = World::empty().await;
        let admin = database.admin().await.expect("a superuser's connection");
        execute(&admin, harm).await;
        Self { database, admin }
    }

    /// What a program that starts here says, and what the log has of it.
    async fn start(&self) -> (String, Vec<String>) {
        (refusal(self.database.url(&application_role())).await, logged(&self.admin, "refused start").await)
    }
}

async fn refusal(url: String) -> String {
    match TenantDatabase::builder(url).build().await {
        Ok(_) => panic!("started on an unsafe database"),
        Err(DatabaseError::Preflight(refusal)) => refusal.to_string(),
        Err(other) => panic!("another error: {other}"),
    }
}

#[tokio::test]
async fn each_refused_start_is_one_entry_with_all_that_was_found() {
    let scene = Scene::new(HARM).await;
    let (said, entries) = scene.start().await;
    assert!(said.contains("not forced on table public.molecules"), "{said}");
    assert_eq!(entries, std::slice::from_ref(&said));
    assert_eq!(scene.start().await.1, [said.clone(), said]);
}

#[tokio::test]
async fn a_program_that_starts_leaves_no_entry() {
    let scene = Scene::new("SELECT 1").await;
    TenantDatabase::builder(scene.database.url(&application_role())).build().await.expect("a safe database");
    assert_eq!(logged(&scene.admin, "refused start").await, [""; 0]);
}

#[tokio::test]
async fn who_comes_for_the_system_connection_with_the_wrong_role_is_logged() {
    let scene = Scene::new("SELECT 1").await;
    SystemDatabase::builder(scene.database.url(&application_role())).build().await.expect_err("a refusal");
    let entries = logged(&scene.admin, "refused start").await;
    assert!(entries.len() == 1 && entries[0].contains("which the admin role alone may"), "{entries:?}");
}

#[tokio::test]
async fn where_nothing_can_be_logged_the_error_is_the_same() {
    let nobody = "REVOKE EXECUTE ON FUNCTION tenancy.record_refused_start(text) FROM tenancy_app";
    let none = "DROP FUNCTION tenancy.record_refused_start(text)";
    let fails = "CREATE OR REPLACE FUNCTION tenancy.record_refused_start(problems text) RETURNS bigint
        LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RAISE 'no'; END $$";
    let full = "DO $$ DECLARE part regclass; BEGIN
          FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'tenancy.access_log'::regclass
          LOOP EXECUTE format('DROP TABLE %s', part); END LOOP; END $$";
    let reads = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$";
    for trouble in [nobody, none, fails, full, reads] {
        let scene = Scene::new(HARM).await;
        execute(&scene.admin, trouble).await;
        let (said, entries) = scene.start().await;
        assert!(said.contains("not forced on table public.molecules"), "{trouble}: {said}");
        assert_eq!(entries, [""; 0], "{trouble}");
    }
}

/// The function is no reason for a program that came as more than it should to run somebody else's code with its own rights.
#[tokio::test]
async fn a_function_that_would_run_with_the_programs_rights_is_not_called() {
    let scene = Scene::new(
        "CREATE TABLE called (); GRANT INSERT ON called TO PUBLIC;
         CREATE OR REPLACE FUNCTION tenancy.record_refused_start(problems text) RETURNS bigint
           LANGUAGE sql SECURITY INVOKER AS 'INSERT INTO public.called DEFAULT VALUES RETURNING 1::bigint'",
    )
    .await;
    refusal(scene.database.superuser_url()).await;
    let called = texts(&scene.admin, "SELECT count(*)::text FROM called").await;
    assert_eq!(called, ["0"]);
}

/// Somebody holds the log: the program has its error all the same, and soon.
#[tokio::test]
async fn a_log_that_is_locked_keeps_nobody() {
    let scene = Scene::new(HARM).await;
    let locking = scene.database.admin().await.expect("a superuser's connection");
    let lock = locking.begin().await.expect("a transaction");
    execute(&lock, "LOCK TABLE tenancy.access_log").await;
    let said = soon("the error", refusal(scene.database.url(&application_role()))).await;
    assert!(said.contains("not forced on table public.molecules"), "{said}");
    drop(lock);
}

/// The time that connecting and checking may take is over, but the error is that of the preflight.
#[tokio::test]
async fn the_entry_takes_nothing_of_the_time_for_the_check() {
    let scene = Scene::new(HARM).await;
    let locking = scene.database.admin().await.expect("a superuser's connection");
    let lock = locking.begin().await.expect("a transaction");
    execute(&lock, "LOCK TABLE tenancy.access_log").await;
    let url = scene.database.url(&application_role());
    let start = TenantDatabase::builder(url).connect_timeout(Duration::from_millis(1500)).build();
    let failure = soon("the error", start).await.expect_err("a refusal");
    assert!(matches!(failure, DatabaseError::Preflight(_)), "{failure}");
    drop(lock);
}

/// A router tries again to open what was refused, whenever somebody needs it.
#[tokio::test]
async fn a_router_logs_a_refused_placement_once() {
    let estate = Estate::new(&["a"]).await;
    // Opened when its organisation is asked for.
    estate.catalog.place(placement("a", PlacementKind::Dedicated));
    let router = estate.router(&["a"]).build().await.expect("a router");
    let admin = estate.databases[0].admin().await.expect("a superuser's connection");
    execute(&admin, HARM).await;
    estate.catalog.put(organization(1, "a"));
    for _ in 0..2 {
        let failure = router.connect(TenantContext::new(tenant(1))).await.expect_err("a refusal");
        assert!(matches!(failure, RoutingError::Unusable { .. }), "{failure}");
        // Sooner nobody tries again.
        tokio::time::sleep(Duration::from_millis(1200)).await;
    }
    assert_eq!(logged(&admin, "refused start").await.len(), 1);
}
