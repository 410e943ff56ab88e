//! A standby of the home that an organisation moved to may be as far behind as a read allows, and then lack what came with it.

use std::time::Duration;

use sea_orm::EntityTrait;
use tenant_core::{
    MaxLag, Organization, OrganizationStatus, Placement, PlacementKind, ReplicaConnection, TenantContext, TenantError,
    TenantRouter, Tier,
};

use crate::routing::MemoryCatalog;
use crate::support::{Pair, application_role, execute, texts, until};

const LAG: MaxLag = MaxLag::new(Duration::from_secs(1));

/// How many sessions of the application's role asked the standby for molecules last.
async fn asked(standby: &sea_orm::DatabaseConnection) -> u64 {
    let sql = format!(
        "SELECT count(*)::text FROM pg_stat_activity WHERE usename = '{}' AND query LIKE '%molecules%' AND datname = current_database()",
        application_role()
    );
    texts(standby, &sql).await[0].parse().expect("a number")
}

async fn read(connection: &ReplicaConnection) -> usize {
    entities::molecule::Entity::find().all(connection).await.expect("an answer").len()
}

#[tokio::test]
async fn they_are_read_once_they_must_have_what_it_brought() {
    let pair = Pair::new().await;
    let standby = pair.on(&pair.standby).await;
    let catalog = MemoryCatalog::default();
    let hosts = pair.hosts();
    let place = |name: &str| Placement {
        name: name.parse().expect("a name"),
        kind: PlacementKind::Shared,
        hosts: hosts.clone(),
        max_connections: None,
    };
    let at = |placement: &str| Organization {
        id: pair.world.acme.id,
        tier: Tier::Small,
        status: OrganizationStatus::Active,
        placement: placement.parse().expect("a name"),
        epoch: 0,
    };
    catalog.place(place("here"));
    catalog.put(at("here"));
    let urls: tenant_core::GivenUrls = [("here".parse().expect("a name"), pair.url())].into_iter().collect();
    let router = TenantRouter::builder(catalog.clone())
        .registry(pair.world.registry.clone())
        .urls(urls)
        .databases(|database| database.read_from_replicas(2))
        .build()
        .await
        .expect("a router");
    let context = TenantContext::new(pair.world.acme.id);
    let replica = router.connect_to_replica(context.clone(), LAG).await.expect("a connection");
    let since = std::time::Instant::now();
    while since.elapsed() < Duration::from_millis(900) {
        assert_eq!(read(&replica).await, 3);
        assert_eq!(asked(&standby).await, 0, "the router has just heard where it lives");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until("the standby is asked", async || {
        assert_eq!(read(&replica).await, 3);
        asked(&standby).await > 0
    })
    .await;
    // Another one, which the standby doesn't have as fenced yet, or has: its answer is the primary's.
    let fence = format!(
        "BEGIN; INSERT INTO tenancy.fences VALUES ('{}', 'closed'); SELECT tenancy.raise_fences(); COMMIT",
        pair.world.acme.id
    );
    execute(&pair.world.admin, &fence).await;
    let database = pair.builder().read_from_replicas(2).build().await.expect("the primary was found");
    until("a standby is known to be fresh", async || {
        // What reads have tidied up stays with a primary until somebody commits.
        pair.caught_up().await;
        database.replica_statistics().replicas.iter().any(|replica| replica.lag.is_some())
    })
    .await;
    let stale = database.connect_to_replica(context, LAG);
    let refused = entities::molecule::Entity::find().all(&stale).await.expect_err("closed");
    assert!(matches!(TenantError::of(&refused), Some(TenantError::Fenced { .. })), "{refused}");
    assert_eq!(
        database.replica_statistics().asked_again,
        1,
        "the primary was asked, which a router would have followed"
    );
}
