//! A migration that is killed, at whatever point, is gone on with by the next, and taken back as one.

use std::time::Duration;

use sea_orm::{DatabaseConnection, IsolationLevel, TransactionTrait};
use tenant_testkit::cancellation::{Cut, CutPoint};
use tenant_testkit::{Cluster, Database, Proxy};

use crate::support::workshop::{catalog, first, furnish, second, workshop};
use crate::support::{connect_as, execute, number, soon, texts, until};

const ROLES: &str = "killed";
const MIGRATOR: &str = "killed_migrator";

/// What ends a run.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// The future is dropped after so many polls.
    Dropped(u32),
    /// The connection breaks after so many round trips.
    Broken(u64),
}

/// Runs `work` until it is killed; whether it came to its end before.
async fn kill<T, E>(database: &Database, kill: Kill, work: impl AsyncFn(DatabaseConnection) -> Result<T, E>) -> bool {
    match kill {
        Kill::Dropped(polls) => {
            let db = connect_as(MIGRATOR, database).await;
            matches!(CutPoint::after(polls).cut(work(db)).await, Cut::Finished(Ok(_)))
        }
        Kill::Broken(round_trips) => {
            let proxy = Proxy::start(database).expect("a proxy");
            proxy.delay(Duration::from_millis(2));
            let db = sea_orm::Database::connect(proxy.url(MIGRATOR, database.name())).await.expect("connected");
            let from = proxy.round_trips();
            let cutting = async {
                while proxy.round_trips() - from < round_trips {
                    tokio::time::sleep(Duration::from_micros(300)).await;
                }
                proxy.refuse(true);
                proxy.cut();
                std::future::pending().await
            };
            let done = tokio::select! { done = work(db) => done, never = cutting => never };
            done.is_ok()
        }
    }
}

/// Kills the run at this point, and goes on. `false` when it had ended before.
async fn go_on(case: &str, database: Database, how: Kill, before: &[String], after: &[String]) -> bool {
    let db = database.admin().await.expect("a connection");
    let ended = kill(&database, how, async |db| second(ROLES).up(&db, None).await).await;
    let migrating = connect_as(MIGRATOR, &database).await;
    let migrator = second(ROLES);
    soon(case, migrator.up(&migrating, None)).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(migrator.plan(&migrating).await.expect("a plan").to_string(), "", "{case}");
    assert_eq!(catalog(&db).await, after, "{case}: as in a run that nobody killed");

    let runs = async || texts(&db, "SELECT count(*)::text FROM tenancy.runs").await.remove(0);
    assert_eq!(runs().await, "2", "{case}: the killed run was gone on with");
    kill(&database, how, async |db| second(ROLES).down(&db, Some(1)).await).await;
    // What the run that was killed still does in the server must be over.
    let migrating = connect_as(MIGRATOR, &database).await;
    migrator.plan(&migrating).await.expect("a plan");
    if runs().await == "2" {
        soon(case, migrator.down(&migrating, Some(1))).await.unwrap_or_else(|error| panic!("{case}, back: {error}"));
    }
    assert_eq!(catalog(&db).await, before, "{case}: taken back as one run");
    assert_eq!(first(ROLES).plan(&migrating).await.expect("a plan").to_string(), "", "{case}");
    ended
}

/// `MIGRATION_KILLS` says at how many points; all, one after the other, if it is 0.
#[tokio::test]
async fn a_run_that_is_killed_anywhere_is_gone_on_with_and_taken_back_as_one() {
    let kills = u32::try_from(number("MIGRATION_KILLS", 10)).expect("few");
    let cluster = Cluster::shared().await.expect("a PostgreSQL");
    let made = async |url: String| {
        let db = sea_orm::Database::connect(url).await?;
        furnish(&db, ROLES).await;
        db.close().await
    };
    let template = cluster.template("killed_migrations", made).await.expect("a template");

    let whole = template.database().await.expect("a database");
    let db = whole.admin().await.expect("a connection");
    let before = catalog(&db).await;
    let proxy = Proxy::start(&whole).expect("a proxy");
    let through = sea_orm::Database::connect(proxy.url(MIGRATOR, whole.name())).await.expect("connected");
    let from = proxy.round_trips();
    second(ROLES).up(&through, None).await.expect("up");
    let round_trips = proxy.round_trips() - from;
    let after = catalog(&db).await;
    println!("{round_trips} round trips");

    let all = u32::try_from(round_trips).expect("few");
    let step = (2 * all).checked_div(kills).unwrap_or(1).max(1);
    // Another set of points in each run of the suite.
    let offset = if kills == 0 { 1 } else { fastrand::u32(1..=step) };
    for (number, point) in (offset..).step_by(step as usize).enumerate() {
        // A poll finds about half an answer.
        let how = if number % 2 == 0 { Kill::Dropped(2 * point) } else { Kill::Broken(u64::from(point)) };
        let database = template.database().await.expect("a database");
        let ended = go_on(&format!("{how:?}"), database, how, &before, &after).await;
        if ended && point > 2 * all {
            break;
        }
        assert!(point < 10 * all, "it never comes to its end");
    }
}

#[tokio::test]
async fn an_index_whose_building_was_killed_is_built_anew() {
    let (db, database) = workshop("killed_index").await;
    let before = catalog(&db).await;
    let blocker = connect_as("postgres", &database).await;
    let migrator = second("killed_index");
    let migrating = connect_as("killed_index_migrator", &database).await;
    let building = "SELECT pid::text FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'CREATE%INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'";
    for round in 1..=2 {
        // It has touched none of the tables, but could read them as they were.
        let waits_for =
            blocker.begin_with_config(Some(IsolationLevel::RepeatableRead), None).await.expect("a transaction");
        texts(&waits_for, "SELECT relname::text FROM pg_class LIMIT 1").await;
        let up = migrator.up(&migrating, None);
        // Whether its client goes away or the server ends it.
        tokio::select! {
            ended = up => panic!("it did not wait: {ended:?}"),
            () = until("an index is being built", async || !texts(&db, building).await.is_empty()) => {}
        }
        if round == 2 {
            let pid = &texts(&db, building).await[0];
            execute(&db, &format!("SELECT pg_terminate_backend({pid}, 10000)")).await;
        }
        waits_for.rollback().await.expect("rolled back");
    }
    migrator.up(&migrating, None).await.expect("up");
    assert_eq!(texts(&db, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid").await, [""; 0]);
    assert_eq!(migrator.plan(&migrating).await.expect("a plan").to_string(), "");
    migrator.down(&migrating, Some(1)).await.expect("down");
    assert_eq!(catalog(&db).await, before, "one run");
}
