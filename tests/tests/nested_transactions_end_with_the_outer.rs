//! A nested transaction can't outlive the one it is nested in, and its handle can't be taken for another's: what says it was
//! committed is there.

use entities::molecule;
use sea_orm::{
    ActiveModelTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, TransactionSession, TransactionTrait,
};
use tenant_core::TenantError;

use crate::support::{World, a_molecule, texts};

async fn new_ones(world: &World) -> u64 {
    let new = molecule::Entity::find().filter(molecule::COLUMN.name.eq("new"));
    new.count(&world.acme.db).await.expect("a count")
}

fn is_ended<T: std::fmt::Debug>(outcome: Result<T, DbErr>) -> bool {
    let failure = outcome.expect_err("an ended transaction");
    matches!(TenantError::of(&failure), Some(TenantError::TransactionEnded))
}

async fn open_transactions(world: &World) -> Vec<String> {
    let open = "SELECT pid::text FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'tenancy_app' AND state LIKE 'idle in transaction%'";
    for _ in 0..50 {
        if texts(&world.admin, open).await.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    texts(&world.admin, open).await
}

#[tokio::test]
async fn the_outer_one_is_dropped() {
    let world = World::new().await;
    let outer = world.acme.db.begin().await.expect("a transaction");
    let inner = outer.begin().await.expect("a nested one");
    a_molecule(1000).insert(&inner).await.expect("an insert");
    drop(outer);
    assert_eq!(open_transactions(&world).await, Vec::<String>::new(), "its connection is closed at once");
    assert!(is_ended(a_molecule(1001).insert(&inner).await));
    assert!(is_ended(inner.commit().await));
    assert_eq!(new_ones(&world).await, 0);
}

#[tokio::test]
async fn the_outer_one_was_never_kept() {
    let world = World::new().await;
    let inner = world.acme.db.begin().await.expect("a transaction").begin().await.expect("a nested one");
    assert!(is_ended(a_molecule(1000).insert(&inner).await));
    assert!(is_ended(inner.commit().await));
    assert_eq!(new_ones(&world).await, 0);
}

#[tokio::test]
async fn the_outer_one_is_committed_too_early() {
    let world = World::new().await;
    let outer = world.acme.db.begin().await.expect("a transaction");
    let inner = outer.begin().await.expect("a nested one");
    a_molecule(1000).insert(&inner).await.expect("an insert");
    let failure = outer.commit().await.expect_err("a nested one is open");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::NestedTransactionOpen)), "{failure}");
    assert!(is_ended(inner.commit().await));
    assert_eq!(new_ones(&world).await, 0);
    assert_eq!(open_transactions(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_outer_one_is_rolled_back() {
    let world = World::new().await;
    let outer = world.acme.db.begin().await.expect("a transaction");
    let inner = outer.begin().await.expect("a nested one");
    outer.rollback().await.expect("rolled back, with what is nested in it");
    assert!(is_ended(a_molecule(1000).insert(&inner).await));
    assert!(is_ended(inner.commit().await));
}

#[tokio::test]
async fn a_handle_that_outlived_its_savepoint_touches_no_other() {
    let world = World::new().await;
    let outer = world.acme.db.begin().await.expect("a transaction");
    let first = outer.begin().await.expect("a nested one");
    let stale = first.begin().await.expect("one nested in that");
    drop(first);
    let second = outer.begin().await.expect("a nested one");
    let innermost = second.begin().await.expect("one nested in that, as deep as the stale one");
    a_molecule(1000).insert(&innermost).await.expect("an insert");
    assert!(is_ended(a_molecule(1001).insert(&stale).await));
    assert!(is_ended(stale.rollback().await));
    innermost.commit().await.expect("committed");
    second.commit().await.expect("committed");
    outer.commit().await.expect("committed");
    assert_eq!(new_ones(&world).await, 1);
}

#[tokio::test]
async fn one_dropped_while_the_outer_one_waits_is_undone_all_the_same() {
    let world = World::new().await;
    let outer = world.acme.db.begin().await.expect("a transaction");
    let first = outer.begin().await.expect("a nested one");
    let second = first.begin().await.expect("one nested in that");
    a_molecule(1000).insert(&second).await.expect("an insert");
    drop(second);
    {
        let mut waiting = std::pin::pin!(molecule::Entity::find().one(&outer));
        let early = futures_util::poll!(waiting.as_mut());
        drop(first);
        if early.is_pending() {
            // Refused or not: the first was open when it was asked.
            drop(waiting.await);
        }
    }
    molecule::Entity::find().one(&outer).await.expect("nothing is nested in it any more");
    outer.commit().await.expect("committed");
    assert_eq!(new_ones(&world).await, 0);
}
