//! Connections that nobody uses are closed in time, kept where they should be, and not trusted when they may be dead.

use std::time::Duration;

use entities::molecule;
use futures_util::TryStreamExt;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{CloseReason, TenantConnection, TenantContext, TenantDatabase, TenantDatabaseBuilder};

use crate::support::{World, backends, execute, owners, pool_named, terminate, until};

async fn pool(
    world: &World,
    set: impl FnOnce(TenantDatabaseBuilder) -> TenantDatabaseBuilder,
) -> (TenantDatabase, TenantConnection) {
    let database = set(pool_named(world, "idle").max_connections(4)).build().await.expect("a database");
    let acme = database.connect(TenantContext::new(world.acme.id));
    (database, acme)
}

fn closed(database: &TenantDatabase, reason: CloseReason) -> u64 {
    database.pool_statistics().counts.closed.get(&reason).copied().unwrap_or(0)
}

/// Leaves so many connections idle.
async fn used_at_once(db: &TenantConnection, connections: usize) {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(db.begin().await.expect("a transaction"));
    }
    for transaction in open {
        transaction.commit().await.expect("committed");
    }
}

async fn write(db: &TenantConnection) -> Result<u64, sea_orm::DbErr> {
    let update = molecule::Entity::update_many().col_expr(molecule::Column::Name, Expr::value("new"));
    update.exec(db).await.map(|result| result.rows_affected)
}

#[tokio::test]
async fn those_idle_for_long_are_closed_down_to_the_minimum() {
    let world = World::new().await;
    let (database, acme) =
        pool(&world, |builder| builder.min_connections(1).idle_timeout(Duration::from_millis(200))).await;
    used_at_once(&acme, 3).await;
    until("one is left", async || database.pool_statistics().open == 1).await;
    assert_eq!(closed(&database, CloseReason::Idle), 2);
    until("the server sees it", async || backends(&world.admin, "idle").await.len() == 1).await;
    // Many times the timeout later it is still there.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(database.pool_statistics().counts.opened, 3);
    assert_eq!((database.pool_statistics().idle, closed(&database, CloseReason::Idle)), (1, 2));
}

#[tokio::test]
async fn old_ones_are_closed_idle_or_not_and_the_minimum_is_opened_anew() {
    let world = World::new().await;
    let (database, acme) =
        pool(&world, |builder| builder.min_connections(1).max_lifetime(Duration::from_millis(300))).await;
    // That of the check at start-up may still be there.
    until("the minimum alone", async || backends(&world.admin, "idle").await.len() == 1).await;
    let first = backends(&world.admin, "idle").await;
    until("it is replaced", async || {
        let now = backends(&world.admin, "idle").await;
        now.len() == 1 && now != first
    })
    .await;
    assert!(closed(&database, CloseReason::Old) >= 1);
    let held = acme.begin().await.expect("a transaction");
    tokio::time::sleep(Duration::from_millis(400)).await;
    molecule::Entity::find().one(&held).await.expect("one in use is left alone");
    let old = closed(&database, CloseReason::Old);
    held.commit().await.expect("committed");
    assert!(closed(&database, CloseReason::Old) > old, "given back too old");
}

#[tokio::test]
async fn the_minimum_is_open_from_the_start() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder.min_connections(3)).await;
    let statistics = database.pool_statistics();
    assert_eq!((statistics.open, statistics.idle, statistics.counts.opened), (3, 3, 3));
    assert_eq!(backends(&world.admin, "idle").await.len(), 3);
    used_at_once(&acme, 3).await;
    assert_eq!(database.pool_statistics().counts.opened, 3, "those are used");
}

#[tokio::test]
async fn those_that_died_are_replaced_when_they_are_used_and_up_to_the_minimum() {
    let world = World::new().await;
    let (database, acme) =
        pool(&world, |builder| builder.min_connections(2).idle_timeout(Duration::from_millis(500))).await;
    terminate(&world.admin, "idle").await;
    used_at_once(&acme, 3).await;
    assert_eq!(closed(&database, CloseReason::Stale), 2);
    terminate(&world.admin, "idle").await;
    assert_eq!(owners(&acme).await.expect("a new one"), [world.acme.id]);
    until("there are two that live", async || {
        let _ = owners(&acme).await.expect("an answer");
        backends(&world.admin, "idle").await.len() == 2
    })
    .await;
}

/// All that are idle have died together, as with the server: the first is found dead, the others are asked.
#[tokio::test]
async fn a_statement_that_reads_never_fails_for_connections_that_died_idle() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder).await;
    let beta = database.connect(TenantContext::new(world.beta.id));
    for round in 1..=3 {
        // One bound to another, and three to the one who will ask. A stream keeps its connection until it is read.
        let mut streams = Vec::new();
        for db in [&acme, &acme, &acme, &beta] {
            streams.push(molecule::Entity::find().stream(db).await.expect("a stream"));
        }
        for stream in streams {
            stream.try_collect::<Vec<_>>().await.expect("rows");
        }
        let statistics = database.pool_statistics();
        assert_eq!(statistics.idle_bound_to[&world.acme.id], 3, "round {round}: {statistics:?}");
        terminate(&world.admin, "idle").await;
        assert_eq!(owners(&acme).await.expect("an answer"), [world.acme.id], "round {round}");
        assert_eq!(write(&acme).await.expect("a live one"), 3);
    }
}

/// What writes can't be asked again, so that a connection that was idle for long is asked before.
#[tokio::test]
async fn one_that_was_idle_for_long_is_asked_whether_it_lives() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder.ping_after(Duration::from_millis(20))).await;
    assert_eq!(write(&acme).await.expect("bound"), 3);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(write(&acme).await.expect("still bound"), 3);
    assert_eq!(database.pool_statistics().counts.pings, 1);
    terminate(&world.admin, "idle").await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(write(&acme).await.expect("a new one"), 3);
    assert_eq!(database.pool_statistics().counts.pings, 2);
    assert_eq!(closed(&database, CloseReason::Stale), 1);
}

#[tokio::test]
async fn one_that_was_used_lately_is_not_asked() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder).await;
    for _ in 0..5 {
        owners(&acme).await.expect("an answer");
    }
    let counts = database.pool_statistics().counts;
    assert_eq!((counts.opened, counts.rebinds, counts.bound_hits, counts.pings), (1, 1, 4, 0));
}

#[tokio::test]
async fn one_may_live_for_ever() {
    let world = World::new().await;
    let forever = Duration::MAX;
    let (database, acme) =
        pool(&world, |builder| builder.max_lifetime(forever).idle_timeout(forever).ping_after(forever)).await;
    assert_eq!(owners(&acme).await.expect("an answer"), [world.acme.id]);
    assert_eq!(database.pool_statistics().idle, 1);
}

async fn streamed(db: &TenantConnection) -> Result<usize, sea_orm::DbErr> {
    let rows = molecule::Entity::find().stream(db).await?;
    rows.try_collect::<Vec<_>>().await.map(|all| all.len())
}

/// A stream is not asked again, and finds out one death for all that are idle.
#[tokio::test]
async fn after_a_stream_found_a_death_the_others_are_asked_first() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder).await;
    let streams = [molecule::Entity::find().stream(&acme).await, molecule::Entity::find().stream(&acme).await];
    for rows in streams {
        rows.expect("a stream").try_collect::<Vec<_>>().await.expect("rows");
    }
    assert_eq!(database.pool_statistics().idle_bound_to[&world.acme.id], 2);
    terminate(&world.admin, "idle").await;
    streamed(&acme).await.expect_err("this one's connection has died");
    assert_eq!(streamed(&acme).await.expect("found dead before the statement was sent"), 3);
    assert_eq!((closed(&database, CloseReason::Broken), closed(&database, CloseReason::Stale)), (1, 1));
}

/// A statement that was prepared before its table was altered can't be run on the connection any more.
#[tokio::test]
async fn one_whose_statements_are_outdated_is_replaced() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder.max_connections(1)).await;
    for (in_transaction, to) in [(false, "varchar(100)"), (true, "varchar(200)")] {
        owners(&acme).await.expect("prepared");
        execute(&world.admin, &format!("ALTER TABLE molecules ALTER COLUMN molecule_type TYPE {to}")).await;
        let failure = if in_transaction {
            let transaction = acme.begin().await.expect("a transaction");
            molecule::Entity::find().all(&transaction).await.expect_err("outdated")
        } else {
            owners(&acme).await.expect_err("outdated")
        };
        assert!(failure.to_string().contains("cached plan must not change"), "{failure}");
        assert_eq!(owners(&acme).await.expect("prepared anew"), [world.acme.id]);
    }
    assert_eq!(closed(&database, CloseReason::Outdated), 2);
}
