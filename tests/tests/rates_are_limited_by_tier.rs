//! An organisation that asks more often than its tier allows is told so, before anything is sent, and nobody else notices.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use entities::molecule;
use futures_util::TryStreamExt;
use sea_orm::{EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{
    BindingMode, DatabaseError, PoolError, PoolSettingsError, TenantContext, TenantDatabase, TenantDatabaseBuilder,
    Tier, TierLimits,
};
use tenant_testkit::Proxy;

use crate::support::{World, application_role, owners, pool_error, pool_named, until};

const BURST: u32 = 4;

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("not 0")
}

/// Small tenants may ask once a second, and a few times at once.
fn limited(builder: TenantDatabaseBuilder) -> TenantDatabaseBuilder {
    builder.tier(Tier::Small, TierLimits::of(Tier::Small).statements_per_second(number(1)).burst(number(BURST)))
}

#[tokio::test]
async fn one_too_many_is_told_when_to_come_again_and_sends_nothing() {
    let world = World::new().await;
    for mode in [BindingMode::Session, BindingMode::Transaction] {
        let proxy = Proxy::start(&world.database).expect("a proxy");
        let url = proxy.url(&application_role(), world.database.name());
        let builder = TenantDatabase::builder(url).registry(world.registry.clone()).max_connections(1);
        let database = limited(builder).binding_mode(mode).build().await.expect("a database");
        let acme = database.connect(TenantContext::new(world.acme.id));
        let (since, mut ran, mut refused) = (Instant::now(), 0, 0);
        while refused < 3 {
            let before = proxy.round_trips();
            // A stream counts as any statement.
            let outcome = if ran % 2 == 0 {
                owners(&acme).await.map(drop)
            } else {
                match molecule::Entity::find().stream(&acme).await {
                    Ok(rows) => rows.try_collect::<Vec<_>>().await.map(drop),
                    Err(failure) => Err(failure),
                }
            };
            let Err(failure) = outcome else {
                ran += 1;
                assert!(ran <= BURST + since.elapsed().as_secs() as u32 + 1, "more than a burst and one a second");
                continue;
            };
            let PoolError::RateLimited {
                tier: Tier::Small, statements_per_second: 1, burst: BURST, retry_after, ..
            } = pool_error(&failure)
            else {
                panic!("{failure}")
            };
            assert!(*retry_after > Duration::ZERO && *retry_after <= Duration::from_secs(1), "{retry_after:?}");
            assert!(failure.to_string().contains("send this one again in"), "{failure}");
            if mode == BindingMode::Session {
                assert_eq!(proxy.round_trips(), before, "something was sent");
            }
            refused += 1;
        }
        assert!(ran >= BURST);
        let counts = database.pool_statistics().counts;
        assert_eq!((counts.rate_limited, counts.refused), (3, 0));
    }
}

#[tokio::test]
async fn a_transaction_counts_as_one_and_others_are_not_counted_for_it() {
    let world = World::new().await;
    let database = limited(pool_named(&world, "limited")).build().await.expect("a database");
    let acme = database.connect(TenantContext::new(world.acme.id));
    let transaction = acme.begin().await.expect("a transaction");
    for _ in 0..5 * BURST {
        molecule::Entity::find().all(&transaction).await.expect("within the transaction");
        transaction.begin().await.expect("a nested one").commit().await.expect("released");
    }
    transaction.commit().await.expect("committed");
    let failure = loop {
        if let Err(failure) = acme.begin().await {
            break failure;
        }
    };
    assert!(matches!(pool_error(&failure), PoolError::RateLimited { .. }), "{failure}");
    let beta = database.connect(TenantContext::new(world.beta.id));
    for _ in 0..BURST {
        assert_eq!(owners(&beta).await.expect("another's own burst"), [world.beta.id]);
    }
    for _ in 0..5 * BURST {
        let large = acme.clone().tier(Tier::Large);
        assert_eq!(owners(&large).await.expect("the same one's new tier has no limit"), [world.acme.id]);
    }
}

#[tokio::test]
async fn a_tenant_that_has_its_whole_burst_again_is_forgotten() {
    let world = World::new().await;
    let limits = TierLimits::of(Tier::Small).statements_per_second(number(10));
    let database = pool_named(&world, "limited").tier(Tier::Small, limits).build().await.expect("a database");
    for of in [&world.acme, &world.beta] {
        assert_eq!(owners(&database.connect(TenantContext::new(of.id))).await.expect("rows"), [of.id]);
    }
    until("nothing is known of either", async || database.pool_statistics().rated_tenants == 0).await;
}

#[tokio::test]
async fn a_burst_without_a_rate_is_refused() {
    let limits = TierLimits::of(Tier::Large).burst(number(10));
    let builder = TenantDatabase::builder("postgres://nobody@127.0.0.1:1/none").tier(Tier::Large, limits);
    let failure = builder.build().await.expect_err("unusable settings");
    assert!(
        matches!(failure, DatabaseError::Settings(PoolSettingsError::BurstWithoutRate { tier: Tier::Large })),
        "{failure}"
    );
    assert!(failure.to_string().contains("give statements_per_second too"), "{failure}");
}
