//! A pool is made larger and smaller while it works: nobody waits who needn't, and no statement is broken.

use std::time::{Duration, Instant};

use entities::molecule;
use sea_orm::{EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{
    CloseReason, ConnectionBudget, PoolError, PoolSettingsError, TenantConnection, TenantContext, TenantDatabase,
    TenantDatabaseBuilder, TenantTransaction, Tier, TierLimits,
};
use tokio::task::JoinSet;

use crate::support::{LONG, World, backends, owners, pool_error, pool_named, soon, until};

/// More than there may be: all are kept.
const ALL: u32 = u32::MAX;

async fn pool(
    world: &World,
    set: impl FnOnce(TenantDatabaseBuilder) -> TenantDatabaseBuilder,
) -> (TenantDatabase, TenantConnection) {
    let builder = pool_named(world, "resized").acquire_timeout(LONG);
    let database = set(builder).build().await.expect("a database");
    let acme = database.connect(TenantContext::new(world.acme.id));
    (database, acme)
}

fn closed(database: &TenantDatabase, reason: CloseReason) -> u64 {
    database.pool_statistics().counts.closed.get(&reason).copied().unwrap_or(0)
}

async fn held(db: &TenantConnection, transactions: usize) -> Vec<TenantTransaction> {
    let mut held = Vec::new();
    for _ in 0..transactions {
        held.push(soon("a connection", db.begin()).await.expect("a transaction"));
    }
    held
}

async fn end(transactions: Vec<TenantTransaction>) {
    for transaction in transactions {
        transaction.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn a_larger_one_serves_those_who_wait_at_once() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder.max_connections(1)).await;
    let first = held(&acme, 1).await;
    let waiting = tokio::spawn({
        let acme = acme.clone();
        async move { owners(&acme).await }
    });
    until("it waits", async || database.pool_statistics().waiting == 1).await;
    database.resize_pool(2, ALL).expect("a larger one");
    assert_eq!(soon("an answer", waiting).await.expect("a task").expect("rows"), [world.acme.id]);
    assert_eq!(database.pool_statistics().max_connections, 2);
    end(first).await;
}

#[tokio::test]
async fn a_smaller_one_closes_idle_ones_at_once_and_those_in_use_when_they_are_given_back() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder.max_connections(4)).await;
    let (mut used, idle) = (held(&acme, 2).await, held(&acme, 2).await);
    end(idle).await;
    database.resize_pool(1, ALL).expect("a smaller one");
    assert_eq!((database.pool_statistics().idle, closed(&database, CloseReason::Resized)), (0, 2));
    until("the server sees it", async || backends(&world.admin, "resized").await.len() == 2).await;
    for transaction in &used {
        let all = molecule::Entity::find().all(transaction).await.expect("it goes on");
        assert!(!all.is_empty());
    }
    end(vec![used.remove(0)]).await;
    assert_eq!((database.pool_statistics().idle, closed(&database, CloseReason::Resized)), (0, 3));
    end(used).await;
    assert_eq!((database.pool_statistics().idle, closed(&database, CloseReason::Resized)), (1, 3));
    until("one is left", async || backends(&world.admin, "resized").await.len() == 1).await;
    assert_eq!(owners(&acme).await.expect("rows"), [world.acme.id]);
    assert_eq!(database.pool_statistics().counts.opened, 4);
}

#[tokio::test]
async fn who_gets_none_is_told_the_present_maximum() {
    let world = World::new().await;
    let (database, acme) =
        pool(&world, |builder| builder.max_connections(3).acquire_timeout(Duration::from_millis(200))).await;
    let used = held(&acme, 2).await;
    database.resize_pool(2, ALL).expect("a smaller one");
    let failure = soon("a refusal", acme.begin()).await.expect_err("all are in use");
    assert!(matches!(pool_error(&failure), PoolError::Busy { in_use: 2, max_connections: 2, .. }), "{failure}");
    end(used).await;
}

#[tokio::test]
async fn what_a_smaller_one_gives_up_goes_back_to_the_budget() {
    let (world, budget) = (World::new().await, ConnectionBudget::new(3));
    let (database, acme) = pool(&world, |builder| builder.max_connections(3).budget(&budget)).await;
    let (other, beside) = pool(&world, |builder| builder.max_connections(3).budget(&budget)).await;
    let mut used = held(&acme, 3).await;
    database.resize_pool(1, ALL).expect("a smaller one");
    end(used.drain(..2).collect()).await;
    let served = held(&beside, 2).await;
    assert_eq!((database.pool_statistics().open, other.pool_statistics().open, budget.taken()), (1, 2, 3));
    end(served).await;
    end(used).await;
    other.close().await;
    database.close().await;
    assert_eq!(budget.taken(), 0);
}

#[tokio::test]
async fn sizes_that_no_pool_could_work_with_change_nothing() {
    let world = World::new().await;
    let reserved = TierLimits::of(Tier::Large).reserved_connections(2);
    let (database, acme) =
        pool(&world, |builder| builder.max_connections(4).min_connections(1).tier(Tier::Large, reserved)).await;
    assert_eq!(database.resize_pool(0, ALL), Err(PoolSettingsError::NoConnections));
    let refusal = database.resize_pool(2, ALL).expect_err("none is left to small ones");
    assert_eq!(refusal, PoolSettingsError::AllReserved { tier: Tier::Small, reserved: 2, maximum: 2 });
    assert_eq!(database.pool_statistics().max_connections, 4);
    assert_eq!(owners(&acme).await.expect("rows"), [world.acme.id]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_notices() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder.max_connections(4)).await;
    let beta = database.connect(TenantContext::new(world.beta.id));
    let mut tasks = JoinSet::new();
    for at in 0..12 {
        let db = if at % 2 == 0 { acme.clone() } else { beta.clone() };
        tasks.spawn(async move {
            for _ in 0..40 {
                assert_eq!(owners(&db).await.expect("rows"), [db.context().tenant()]);
                let transaction = db.begin().await.expect("a transaction");
                let all = molecule::Entity::find().all(&transaction).await.expect("rows");
                assert!(all.iter().all(|molecule| molecule.organization_id == db.context().tenant()));
                transaction.commit().await.expect("committed");
            }
        });
    }
    let mut sizes = [4, 1, 8, 2, 12, 3].into_iter().cycle();
    while !tasks.is_empty() {
        database.resize_pool(sizes.next().expect("it goes round"), 2).expect("a size");
        tokio::time::sleep(Duration::from_millis(3)).await;
        while let Some(done) = tasks.try_join_next() {
            done.expect("every statement is answered");
        }
    }
}

/// What a burst needed is closed soon, and what is kept is kept.
#[tokio::test]
async fn those_beyond_the_kept_ones_are_closed_ten_seconds_after_a_burst() {
    let world = World::new().await;
    let (database, acme) = pool(&world, |builder| builder.max_connections(4).kept_connections(2)).await;
    let burst = Instant::now();
    end(held(&acme, 4).await).await;
    assert_eq!(database.pool_statistics().idle, 4);
    until("they are closed", async || database.pool_statistics().idle < 4).await;
    assert!(burst.elapsed() >= Duration::from_secs(10), "too soon for the next burst: {:?}", burst.elapsed());
    until("two are left", async || database.pool_statistics().open == 2).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!((database.pool_statistics().idle, closed(&database, CloseReason::Overflow)), (2, 2));
    database.resize_pool(4, 1).expect("fewer are kept");
    until("one is left", async || database.pool_statistics().open == 1).await;
}

#[test]
fn a_tiers_own_pool_is_its_share_and_twice_as_much_for_a_burst() {
    let sizes = Tier::ALL.map(TierLimits::of).map(|limits| (limits.pool_size(), limits.overflow()));
    assert_eq!(sizes, [(5, 10), (10, 20), (20, 40)]);
    let limits = TierLimits::of(Tier::Small).weight(1_000).max_connections(8).kept_connections(3);
    assert_eq!((limits.pool_size(), limits.overflow()), (3, 5));
    let limits = limits.max_connections(2);
    assert_eq!((limits.pool_size(), limits.overflow()), (2, 0), "no more than there may be");
}
