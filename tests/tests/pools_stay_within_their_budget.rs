//! Databases that share a budget of connections never have more, and none of them is left without.

use std::time::Duration;

use sea_orm::{TransactionSession, TransactionTrait};
use tenant_core::{
    CloseReason, ConnectionBudget, PoolError, TenantConnection, TenantContext, TenantDatabase, Tier, TierLimits,
};
use tokio::task::JoinSet;

use crate::support::{LONG, World, backends, owners, pool_error, pool_named, soon, until};

struct Two {
    world: World,
    budget: ConnectionBudget,
    databases: [TenantDatabase; 2],
    /// One tenant's connection in each.
    tenants: [TenantConnection; 2],
}

async fn two(connections: u32, acquire_timeout: Duration) -> Two {
    let (world, budget) = (World::new().await, ConnectionBudget::new(connections));
    let build = async || {
        let builder = pool_named(&world, "budget").max_connections(5).acquire_timeout(acquire_timeout).budget(&budget);
        builder.build().await.expect("a database")
    };
    let databases = [build().await, build().await];
    let tenants = [
        databases[0].connect(TenantContext::new(world.acme.id)),
        databases[1].connect(TenantContext::new(world.beta.id)),
    ];
    Two { world, budget, databases, tenants }
}

/// So many requests at once in each, so often, some as transactions.
async fn work(two: &Two, at_once: usize, times: usize) {
    let mut tasks = JoinSet::new();
    for (at, db) in two.tenants.iter().cycle().take(2 * at_once).cloned().enumerate() {
        tasks.spawn(async move {
            for time in 0..times {
                if (at + time) % 3 == 0 {
                    let transaction = db.begin().await.expect("a transaction");
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    transaction.commit().await.expect("committed");
                } else {
                    owners(&db).await.expect("an answer");
                }
            }
        });
    }
    while let Some(done) = soon("everybody is served", tasks.join_next()).await {
        done.expect("nobody is refused");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_never_more_than_the_budget() {
    let two = two(3, LONG).await;
    let watched = async {
        let mut most = 0;
        loop {
            let open = two.databases.each_ref().map(|database| database.pool_statistics().open).iter().sum::<u32>();
            most = most.max(open).max(two.budget.taken());
            assert!(most <= 3, "{most} connections");
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    };
    tokio::select! {
        () = work(&two, 8, 20) => {}
        () = watched => unreachable!("it watches until the work is done"),
    }
    // A server process ends a moment after its client has gone.
    until("the server has no more", async || backends(&two.world.admin, "budget").await.len() <= 3).await;
}

#[tokio::test]
async fn idle_ones_go_to_the_database_that_needs_one() {
    let two = two(2, LONG).await;
    let (one, other) = (two.tenants[0].begin().await.expect("one"), two.tenants[0].begin().await.expect("another"));
    one.commit().await.expect("committed");
    other.commit().await.expect("committed");
    assert_eq!(two.databases[0].pool_statistics().idle, 2);
    assert_eq!(owners(&two.tenants[1]).await.expect("an answer"), [two.world.beta.id]);
    let taken_from = two.databases[0].pool_statistics();
    assert_eq!((taken_from.open, taken_from.counts.closed[&CloseReason::Budget]), (1, 1));
    assert_eq!(two.databases[1].pool_statistics().open, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_serves_two_busy_databases() {
    let two = two(1, LONG).await;
    work(&two, 6, 6).await;
    assert!(two.budget.taken() <= 1);
}

/// The first's queue is never empty, so that its connection is never idle.
#[tokio::test]
async fn a_database_without_any_gets_one_from_a_busy_one() {
    let two = two(1, LONG).await;
    let mut busy = JoinSet::new();
    for _ in 0..4 {
        let db = two.tenants[0].clone();
        busy.spawn(async move {
            loop {
                owners(&db).await.expect("an answer");
            }
        });
    }
    until("it works", async || two.databases[0].pool_statistics().counts.waits > 10).await;
    for _ in 0..5 {
        assert_eq!(soon("its turn", owners(&two.tenants[1])).await.expect("an answer"), [two.world.beta.id]);
    }
    assert!(two.databases[0].pool_statistics().counts.closed[&CloseReason::Budget] >= 1);
}

/// The other one's only connection is held for long, and the busy one's queue is never empty.
#[tokio::test]
async fn a_database_that_has_fewer_gets_one_from_a_busy_one() {
    let two = two(3, LONG).await;
    let held = two.tenants[0].begin().await.expect("a transaction");
    let mut busy = JoinSet::new();
    for _ in 0..8 {
        let db = two.tenants[1].clone();
        busy.spawn(async move {
            loop {
                owners(&db).await.expect("an answer");
            }
        });
    }
    until("it has the rest", async || two.databases[1].pool_statistics().open == 2).await;
    until("it works", async || two.databases[1].pool_statistics().counts.waits > 10).await;
    let beside = two.databases[0].connect(TenantContext::new(two.world.beta.id));
    for _ in 0..5 {
        assert_eq!(soon("its turn", owners(&beside)).await.expect("an answer"), [two.world.beta.id]);
    }
    assert!(busy.try_join_next().is_none(), "nobody failed");
    held.commit().await.expect("committed");
}

#[tokio::test]
async fn what_is_reserved_is_kept_within_the_budget() {
    let world = World::new().await;
    let reserved = TierLimits::of(Tier::Large).reserved_connections(1);
    let builder = pool_named(&world, "budget").max_connections(10).tier(Tier::Large, reserved);
    let builder = builder.budget(&ConnectionBudget::new(2)).acquire_timeout(Duration::from_millis(200));
    let database = builder.build().await.expect("a database");
    let small = database.connect(TenantContext::new(world.acme.id));
    let large = database.connect(TenantContext::new(world.beta.id)).tier(Tier::Large);
    let held = small.begin().await.expect("a transaction");
    let failure = small.begin().await.expect_err("the other is reserved");
    assert!(matches!(pool_error(&failure), PoolError::Busy { budget: Some((1, 2)), .. }), "{failure}");
    large.begin().await.expect("a transaction").rollback().await.expect("rolled back");
    held.rollback().await.expect("rolled back");
}

#[tokio::test]
async fn all_in_use_is_told_as_busy_and_passes() {
    let two = two(1, Duration::from_millis(200)).await;
    let held = two.tenants[0].begin().await.expect("a transaction");
    let failure = owners(&two.tenants[1]).await.expect_err("none is left");
    assert!(matches!(pool_error(&failure), PoolError::Busy { in_use: 0, by_tenant: 0, .. }), "{failure}");
    held.commit().await.expect("committed");
    until("it is served", async || owners(&two.tenants[1]).await.is_ok()).await;
}

/// One who waited was given the connection, and went away before it looked.
#[tokio::test]
async fn what_nobody_fetched_goes_to_the_database_that_needs_it() {
    let two = two(1, LONG).await;
    let held = two.tenants[0].begin().await.expect("a transaction");
    let mut gone = Box::pin(two.tenants[0].begin());
    assert!(futures_util::poll!(gone.as_mut()).is_pending());
    held.commit().await.expect("committed, and its connection given to the one that waits");
    let mut needs = Box::pin(owners(&two.tenants[1]));
    assert!(futures_util::poll!(needs.as_mut()).is_pending());
    drop(gone);
    assert_eq!(soon("its turn", needs).await.expect("an answer"), [two.world.beta.id]);
}

#[tokio::test]
async fn a_database_that_is_dropped_gives_its_share_back() {
    let Two { world, budget, databases: [one, other], tenants: [first, second] } = two(1, LONG).await;
    owners(&first).await.expect("an answer");
    assert_eq!(budget.taken(), 1);
    drop((one, first));
    assert_eq!(budget.taken(), 0);
    assert_eq!(owners(&second).await.expect("an answer"), [world.beta.id]);
    soon("closed", other.close()).await;
    assert_eq!(budget.taken(), 0);
}
