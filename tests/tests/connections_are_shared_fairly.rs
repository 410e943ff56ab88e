//! No organisation takes more of the pool than its tier allows, and none waits behind another's crowd.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DbErr, TransactionSession, TransactionTrait};
use tenant_core::{
    PoolError, TenantConnection, TenantContext, TenantDatabase, TenantDatabaseBuilder, TenantTransaction, Tier,
    TierLimits,
};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::support::{LONG, World, owners, pool_error, pool_named, soon, until};

/// For those who are to be told that there is none.
const SHORT: Duration = Duration::from_millis(200);

struct Pool {
    world: World,
    database: TenantDatabase,
    acme: TenantConnection,
    beta: TenantConnection,
}

async fn pool(set: impl FnOnce(TenantDatabaseBuilder) -> TenantDatabaseBuilder) -> Pool {
    let world = World::new().await;
    let builder = pool_named(&world, "fair").acquire_timeout(LONG);
    let database = set(builder).build().await.expect("a database");
    let [acme, beta] = [&world.acme, &world.beta].map(|of| database.connect(TenantContext::new(of.id)));
    Pool { world, database, acme, beta }
}

impl Pool {
    /// Begins, and once there is a connection keeps it until it is told to end.
    async fn queue(&self, db: &TenantConnection, end: &Arc<Notify>) -> JoinHandle<Result<(), DbErr>> {
        let waiting = self.database.pool_statistics().waiting;
        let (db, end) = (db.clone(), Arc::clone(end));
        let task = tokio::spawn(async move {
            let transaction = db.begin().await?;
            end.notified().await;
            transaction.rollback().await
        });
        until("it waits", async || self.database.pool_statistics().waiting > waiting || task.is_finished()).await;
        task
    }
}

async fn begun(db: &TenantConnection) -> TenantTransaction {
    soon("a connection", db.begin()).await.expect("a transaction")
}

async fn refusal(db: &TenantConnection) -> DbErr {
    soon("a refusal", db.begin()).await.expect_err("no connection for it")
}

#[tokio::test]
async fn an_organisation_uses_at_most_what_its_tier_allows() {
    let small = TierLimits::of(Tier::Small).max_connections(2);
    let pool = pool(|builder| builder.max_connections(4).acquire_timeout(SHORT).tier(Tier::Small, small)).await;
    let _first = begun(&pool.acme).await;
    let _second = begun(&pool.acme).await;
    let failure = refusal(&pool.acme).await;
    let busy = pool_error(&failure);
    assert!(
        matches!(busy, PoolError::Busy { in_use: 2, max_connections: 4, by_tenant: 2, tier_allows: 2, waiting: 0, .. }),
        "{busy:?}"
    );
    let failure = owners(&pool.acme).await.expect_err("a statement is counted as a transaction is");
    assert!(matches!(pool_error(&failure), PoolError::Busy { by_tenant: 2, .. }), "{failure}");
    // The others' places are free, and its own is as large as it was sold.
    assert_eq!(owners(&pool.beta).await.expect("another has room"), [pool.world.beta.id]);
    let _third = begun(&pool.acme.clone().tier(Tier::Large)).await;
    assert_eq!(pool.database.pool_statistics().in_use_by[&pool.world.acme.id], 3);
}

#[tokio::test]
async fn reserved_connections_are_there_for_their_tier_at_once() {
    let large = TierLimits::of(Tier::Large).reserved_connections(1);
    let pool = pool(|builder| builder.max_connections(2).acquire_timeout(SHORT).tier(Tier::Large, large)).await;
    let _first = begun(&pool.acme).await;
    let failure = refusal(&pool.beta).await;
    let busy = pool_error(&failure);
    assert!(matches!(busy, PoolError::Busy { in_use: 1, max_connections: 2, .. }), "{busy:?}");
    let kept = begun(&pool.beta.clone().tier(Tier::Large)).await;
    kept.commit().await.expect("committed");
    assert!(matches!(pool_error(&refusal(&pool.beta).await), PoolError::Busy { .. }));
}

#[tokio::test]
async fn whoever_waits_too_long_is_told_and_leaves_nothing_behind() {
    let pool = pool(|builder| builder.max_connections(1).acquire_timeout(SHORT)).await;
    let held = begun(&pool.acme).await;
    let failure = refusal(&pool.beta).await;
    let busy = pool_error(&failure);
    assert!(
        matches!(busy, PoolError::Busy { waited: SHORT, in_use: 1, max_connections: 1, by_tenant: 0, waiting: 0, .. }),
        "{busy:?}"
    );
    held.commit().await.expect("committed");
    assert_eq!(owners(&pool.beta).await.expect("a connection"), [pool.world.beta.id]);
    let statistics = pool.database.pool_statistics();
    assert_eq!((statistics.in_use, statistics.waiting, statistics.counts.abandoned_waits), (0, 0, 1));
    assert_eq!(statistics.remembered_tenants, 0);
}

#[tokio::test]
async fn a_full_queue_costs_the_longest_its_latest() {
    let pool = pool(|builder| builder.max_connections(1).max_waiting(3)).await;
    let (held, end) = (begun(&pool.acme).await, Arc::new(Notify::new()));
    let mut first =
        [pool.queue(&pool.acme, &end).await, pool.queue(&pool.acme, &end).await, pool.queue(&pool.acme, &end).await];
    let failure = soon("a refusal", pool.acme.begin()).await.expect_err("its own is the longest");
    assert!(matches!(pool_error(&failure), PoolError::QueueFull { waiting: 3 }), "{failure}");
    let quiet = tokio::spawn({
        let beta = pool.beta.clone();
        async move { owners(&beta).await }
    });
    let displaced = soon("the latest is told", &mut first[2]).await.expect("a task").expect_err("displaced");
    assert!(matches!(pool_error(&displaced), PoolError::QueueFull { .. }), "{displaced}");
    let statistics = pool.database.pool_statistics();
    assert_eq!((statistics.waiting, statistics.counts.refused), (3, 2));
    held.commit().await.expect("committed");
    end.notify_one();
    end.notify_one();
    assert_eq!(soon("an answer", quiet).await.expect("a task").expect("rows"), [pool.world.beta.id]);
    for waited in &mut first[..2] {
        end.notify_one();
        soon("its turn", waited).await.expect("a task").expect("a transaction");
    }
}

/// Each of the crowd would keep the connection if it were served first.
#[tokio::test]
async fn a_quiet_one_is_served_before_a_crowd_that_came_earlier() {
    let pool = pool(|builder| builder.max_connections(2)).await;
    let crowded = pool.acme.clone().tier(Tier::Large);
    let (held, _other) = (begun(&crowded).await, begun(&crowded).await);
    let (never, mut crowd) = (Arc::new(Notify::new()), Vec::new());
    for _ in 0..64 {
        crowd.push(pool.queue(&crowded, &never).await);
    }
    let quiet = tokio::spawn({
        let beta = pool.beta.clone();
        async move { owners(&beta).await }
    });
    until("it waits", async || pool.database.pool_statistics().waiting == 65).await;
    held.commit().await.expect("committed");
    assert_eq!(soon("an answer", quiet).await.expect("a task").expect("rows"), [pool.world.beta.id]);
    crowd.iter().for_each(JoinHandle::abort);
}
