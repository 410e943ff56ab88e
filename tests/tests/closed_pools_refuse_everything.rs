//! A database that is closed ends what runs on it in order, runs nothing more, and keeps no connection.

use sea_orm::{TransactionSession, TransactionTrait};
use tenant_core::{PoolError, TenantConnection, TenantContext, TenantDatabase};

use crate::support::{LONG, World, backends, owners, pool_error, pool_named, soon, terminate, until};

async fn pool(world: &World) -> (TenantDatabase, TenantConnection, TenantConnection) {
    let builder = pool_named(world, "closed").max_connections(1).acquire_timeout(LONG);
    let database = builder.build().await.expect("a database");
    let [acme, beta] = [&world.acme, &world.beta].map(|of| database.connect(TenantContext::new(of.id)));
    (database, acme, beta)
}

#[tokio::test]
async fn it_waits_for_what_is_in_use_and_refuses_the_rest() {
    let world = World::new().await;
    let (database, acme, beta) = pool(&world).await;
    let held = acme.begin().await.expect("a transaction");
    let mut waiting = Box::pin(beta.begin());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    let mut close = Box::pin(database.close());
    assert!(futures_util::poll!(close.as_mut()).is_pending(), "a transaction is open");
    let failure = soon("an answer", waiting).await.expect_err("it waited");
    assert!(matches!(pool_error(&failure), PoolError::Closed), "{failure}");
    let failure = owners(&acme).await.expect_err("it is closed");
    assert!(matches!(pool_error(&failure), PoolError::Closed), "{failure}");
    assert!(futures_util::poll!(close.as_mut()).is_pending(), "the transaction is still open");
    held.commit().await.expect("what has begun can be ended");
    soon("closed", close).await;
    assert_eq!(database.pool_statistics().open, 0);
    until("the server sees it", async || backends(&world.admin, "closed").await.is_empty()).await;
    soon("closed twice", database.close()).await;
}

#[tokio::test]
async fn it_closes_what_is_idle() {
    let world = World::new().await;
    let (database, acme, _) = pool(&world).await;
    owners(&acme).await.expect("an answer");
    assert_eq!(database.pool_statistics().idle, 1);
    soon("closed", database.close()).await;
    until("the server sees it", async || backends(&world.admin, "closed").await.is_empty()).await;
}

/// One who waited was given the connection, and goes away before it looked.
#[tokio::test]
async fn it_does_not_wait_for_what_nobody_fetched() {
    let world = World::new().await;
    let (database, acme, beta) = pool(&world).await;
    let held = acme.begin().await.expect("a transaction");
    let mut gone = Box::pin(beta.begin());
    assert!(futures_util::poll!(gone.as_mut()).is_pending());
    held.commit().await.expect("committed, and its connection given to the one that waits");
    let mut close = Box::pin(database.close());
    assert!(futures_util::poll!(close.as_mut()).is_pending());
    drop(gone);
    soon("closed", close).await;
}

/// As above, with a connection that is yet to be opened.
#[tokio::test]
async fn it_does_not_wait_for_a_place_that_nobody_fills() {
    let world = World::new().await;
    let (database, acme, beta) = pool(&world).await;
    let held = acme.begin().await.expect("a transaction");
    let mut gone = Box::pin(beta.begin());
    assert!(futures_util::poll!(gone.as_mut()).is_pending());
    terminate(&world.admin, "closed").await;
    held.commit().await.expect_err("its session was ended, and its place given to the one that waits");
    let mut close = Box::pin(database.close());
    assert!(futures_util::poll!(close.as_mut()).is_pending());
    drop(gone);
    soon("closed", close).await;
}

/// The runtime that was to tell the server of it has ended.
#[tokio::test]
async fn it_does_not_wait_for_a_farewell_that_nobody_says() {
    let world = World::new().await;
    let (database, acme, _) = pool(&world).await;
    owners(&acme).await.expect("an answer");
    let closing = database.clone();
    let short_lived = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { assert!(futures_util::poll!(Box::pin(closing.close())).is_pending()) });
    });
    short_lived.join().expect("no panic");
    soon("closed", database.close()).await;
}
