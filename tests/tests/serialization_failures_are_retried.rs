//! A transaction that got into another's way is run again as a whole, within bounds; any other failure is told at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use entities::molecule;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, DbErr, EntityTrait, IntoActiveModel, IsolationLevel, TransactionError, TransactionTrait,
};
use tenant_core::{Retry, TenantConnection, TenantTransaction};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::support::{BOTH_HAVE, World};

const CAFFEINE: Uuid = Uuid::from_u128(2);

/// An application's own error.
#[derive(Debug, thiserror::Error)]
enum Own {
    #[error("the database said no")]
    Database(#[from] DbErr),
    #[error("in a nested transaction")]
    Nested(#[from] TransactionError<DbErr>),
}

fn quick() -> Retry {
    Retry::new().pauses(Duration::from_millis(1), Duration::from_millis(5))
}

/// Adds one letter to a name that was read before.
async fn append(db: &TenantTransaction, id: Uuid) -> Result<(), DbErr> {
    let found = molecule::Entity::find_by_id(id).one(db).await?.expect("a molecule");
    let name = format!("{}+", found.name);
    let mut changed = found.into_active_model();
    changed.name = Set(name);
    changed.update(db).await.map(drop)
}

async fn name(db: &TenantConnection) -> String {
    molecule::Entity::find_by_id(BOTH_HAVE).one(db).await.expect("an answer").expect("a molecule").name
}

#[tokio::test]
async fn no_change_is_lost_and_none_is_done_twice() {
    let world = World::new().await;
    let before = name(&world.acme.db).await;
    // Both read before either writes: one of them has to be run again.
    let (both_have_read, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let change = || {
        let (db, both_have_read, runs) = (world.acme.db.clone(), Arc::clone(&both_have_read), Arc::clone(&runs));
        tokio::spawn(async move {
            let serializable = quick().isolation_level(IsolationLevel::Serializable);
            db.transaction_with_retry(serializable, |transaction| {
                let (run, both_have_read) = (runs.fetch_add(1, Ordering::SeqCst), Arc::clone(&both_have_read));
                Box::pin(async move {
                    molecule::Entity::find_by_id(BOTH_HAVE).one(transaction).await?;
                    if run < 2 {
                        both_have_read.wait().await;
                    }
                    append(transaction, BOTH_HAVE).await
                })
            })
            .await
        })
    };
    let (first, second) = tokio::join!(change(), change());
    first.expect("no panic").expect("done");
    second.expect("no panic").expect("done");
    assert_eq!(name(&world.acme.db).await, format!("{before}++"));
    assert!(runs.load(Ordering::SeqCst) > 2, "nothing was run again, so nothing was shown");
}

#[tokio::test]
async fn a_deadlock_is_broken_and_both_are_done() {
    let world = World::new().await;
    let before = name(&world.acme.db).await;
    let (both_hold_one, runs) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
    let change = |ids: [Uuid; 2]| {
        let (db, both_hold_one, runs) = (world.acme.db.clone(), Arc::clone(&both_hold_one), Arc::clone(&runs));
        async move {
            db.transaction_with_retry(quick(), move |transaction| {
                let (run, both_hold_one) = (runs.fetch_add(1, Ordering::SeqCst), Arc::clone(&both_hold_one));
                Box::pin(async move {
                    append(transaction, ids[0]).await?;
                    if run < 2 {
                        both_hold_one.wait().await;
                    }
                    append(transaction, ids[1]).await.map_err(Own::from)
                })
            })
            .await
        }
    };
    let (first, second) = tokio::join!(change([BOTH_HAVE, CAFFEINE]), change([CAFFEINE, BOTH_HAVE]));
    first.expect("done");
    second.expect("done");
    // More if both were ended, or met again.
    assert!(runs.load(Ordering::SeqCst) > 2, "nothing was run again, so nothing was shown");
    assert_eq!(name(&world.acme.db).await, format!("{before}++"));
}

#[tokio::test]
async fn it_is_given_up_after_the_last_attempt() {
    let world = World::new().await;
    let (runs, beside) = (AtomicU32::new(0), world.acme.db.clone());
    let three = quick().attempts(3).isolation_level(IsolationLevel::RepeatableRead);
    let outcome = world.acme.db.transaction_with_retry(three, |transaction| {
        runs.fetch_add(1, Ordering::SeqCst);
        let beside = beside.clone();
        Box::pin(async move {
            molecule::Entity::find_by_id(BOTH_HAVE).one(transaction).await?;
            // Somebody is faster every time.
            let faster = beside.transaction(|faster| Box::pin(append(faster, BOTH_HAVE))).await;
            faster.expect("nobody is in its way");
            let nested = transaction.transaction(|nested| Box::pin(append(nested, BOTH_HAVE))).await;
            nested.map_err(Own::from)
        })
    });
    let outcome = outcome.await;
    let Err(TransactionError::Transaction(Own::Nested(failure))) = outcome else { panic!("{outcome:?}") };
    assert!(failure.to_string().contains("could not serialize access"), "{failure}");
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_would_fail_again_is_not_run_again() {
    let world = World::new().await;
    let runs = AtomicU32::new(0);
    let outcome = world.acme.db.transaction_with_retry(quick(), |transaction| {
        runs.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let taken = molecule::Entity::find_by_id(CAFFEINE).one(transaction).await?.expect("a molecule");
            molecule::Entity::insert(taken.into_active_model()).exec(transaction).await.map(drop)
        })
    });
    let failure = outcome.await.expect_err("the key is taken").to_string();
    assert!(failure.contains("duplicate key"), "{failure}");
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}
