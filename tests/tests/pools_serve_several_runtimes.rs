//! A pool is nobody's runtime's: its connections outlive the one they were opened in, or are replaced.

use std::time::Duration;

use sea_orm::{TransactionSession, TransactionTrait};
use tenant_core::TenantContext;
use tokio::runtime::{Builder, Runtime};

use crate::support::{World, owners, pool_named, soon};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// A connection whose runtime has ended may answer once more before it is found dead, so each may cost an error.
#[test]
fn a_pool_is_used_after_the_runtime_that_made_it_has_ended() {
    let outer = runtime();
    let world = outer.block_on(World::new());
    let maker = runtime();
    let database = maker.block_on(async {
        let builder = pool_named(&world, "runtimes").max_connections(2).min_connections(2);
        builder.build().await.expect("a database")
    });
    let [acme, beta] = [&world.acme, &world.beta].map(|of| database.connect(TenantContext::new(of.id)));
    assert_eq!(maker.block_on(owners(&acme)).expect("an answer"), [world.acme.id]);
    drop(maker);
    let user = runtime();
    let errors = (0..4).filter(|_| user.block_on(owners(&acme)).is_err()).count();
    assert!(errors <= 2, "{errors} errors for two connections");
    for _ in 0..3 {
        assert_eq!(user.block_on(owners(&acme)).expect("an answer"), [world.acme.id]);
        assert_eq!(user.block_on(owners(&beta)).expect("an answer"), [world.beta.id]);
    }
    user.block_on(soon("closed", database.close()));
}

#[test]
fn two_runtimes_share_a_pool() {
    let runtimes = [runtime(), runtime()];
    let world = runtimes[0].block_on(World::new());
    let database = runtimes[0].block_on(async {
        let builder = pool_named(&world, "runtimes").max_connections(1);
        builder.build().await.expect("a database")
    });
    std::thread::scope(|scope| {
        for (runtime, of) in runtimes.iter().zip([&world.acme, &world.beta]) {
            let db = database.connect(TenantContext::new(of.id));
            scope.spawn(move || {
                for _ in 0..30 {
                    assert_eq!(runtime.block_on(soon("an answer", owners(&db))).expect("rows"), [of.id]);
                }
            });
        }
    });
    assert_eq!(database.pool_statistics().counts.opened, 1);
}

#[test]
fn a_runtime_that_ends_keeps_no_place() {
    let outer = runtime();
    let world = outer.block_on(World::new());
    let database = outer.block_on(async {
        let builder = pool_named(&world, "runtimes").max_connections(1).max_lifetime(Duration::from_millis(1));
        builder.build().await.expect("a database")
    });
    let acme = database.connect(TenantContext::new(world.acme.id));
    for _ in 0..3 {
        // One thread alone, which ends before it could close the connection that has become too old.
        let user = Builder::new_current_thread().enable_all().build().expect("a runtime");
        user.block_on(async {
            let transaction = acme.begin().await.expect("the place of the one before");
            tokio::time::sleep(Duration::from_millis(5)).await;
            transaction.commit().await.expect("committed");
        });
        drop(user);
        assert_eq!(database.pool_statistics().open, 0);
    }
}
