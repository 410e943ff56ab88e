//! Each organisation's statements go where the catalog says, from the moment that it says so; and nowhere if it says so.

use std::time::Duration;

use entities::molecule;
use futures_util::TryStreamExt;
use sea_orm::{EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{
    Organization, OrganizationStatus, PlacementKind, PlacementState, RoutingError, TenantContext, TenantRouter, Tier,
};

use crate::routing::{Estate, Seen, organization, placement, routing_error, tenant};
use crate::support::{LONG, soon, until};

async fn estate() -> (Estate, TenantRouter) {
    let estate = Estate::new(&["a", "b"]).await;
    for (number, at) in [(1, "a"), (2, "b"), (3, "a")] {
        estate.catalog.put(organization(number, at));
    }
    let router = estate.router(&["a", "b"]).wait_for_moves(Duration::ZERO).build().await.expect("a router");
    (estate, router)
}

async fn refusal(router: &TenantRouter, number: u128) -> RoutingError {
    router.connect(TenantContext::new(tenant(number))).await.expect_err("it may not work")
}

#[tokio::test]
async fn each_organisation_is_served_from_its_placement() {
    let (_estate, router) = estate().await;
    for (number, at) in [(1, "a"), (2, "b"), (3, "a")] {
        let seen = Seen::by(&router, number).await;
        assert_eq!(seen.at().await.expect("an answer"), at);
        let transaction = seen.0.begin().await.expect("a transaction");
        let inside = molecule::Entity::find().one(&transaction).await.expect("an answer").expect("a molecule");
        assert_eq!(inside.name, at);
        transaction.rollback().await.expect("ended");
    }
    assert_eq!(router.organizations(), 3);
}

#[tokio::test]
async fn a_connection_that_is_kept_follows_its_organisation() {
    let (estate, router) = estate().await;
    let seen = Seen::by(&router, 1).await;
    let transaction = seen.0.begin().await.expect("a transaction");
    estate.catalog.put(organization(1, "b"));
    until("it goes to b", async || seen.at().await.expect("an answer") == "b").await;
    // What had begun stays where it was.
    let inside = molecule::Entity::find().one(&transaction).await.expect("an answer").expect("a molecule");
    assert_eq!(inside.name, "a");
    transaction.rollback().await.expect("ended");
    assert_eq!(Seen::by(&router, 3).await.at().await.expect("an answer"), "a");
}

#[tokio::test]
async fn an_organisation_that_may_not_work_is_told_why() {
    let (estate, router) = estate().await;
    let seen = Seen::by(&router, 1).await;
    for status in OrganizationStatus::ALL {
        estate.catalog.put(Organization { status, ..organization(1, "a") });
        let says = |error: &RoutingError| match error {
            RoutingError::Provisioning { tenant: who, placement } => {
                (status == OrganizationStatus::Provisioning).then_some((*who, placement.as_str() == "a"))
            }
            RoutingError::Suspended { tenant: who } => {
                (status == OrganizationStatus::Suspended).then_some((*who, true))
            }
            RoutingError::Moving { tenant: who } => (status == OrganizationStatus::Moving).then_some((*who, true)),
            RoutingError::Archived { tenant: who } => (status == OrganizationStatus::Archived).then_some((*who, true)),
            _ => None,
        };
        if status == OrganizationStatus::Active {
            until("it works", async || seen.at().await.is_ok()).await;
            continue;
        }
        let expected = Some((tenant(1), true));
        until("its own connection is told", async || {
            seen.at().await.is_err_and(|failure| says(routing_error(&failure)) == expected)
        })
        .await;
        assert_eq!(says(&refusal(&router, 1).await), expected, "{status}");
        let failure = seen.0.begin().await.expect_err("no transaction either");
        assert_eq!(says(routing_error(&failure)), expected, "{status}");
        assert_eq!(Seen::by(&router, 3).await.at().await.expect("the others work"), "a");
    }
}

#[tokio::test]
async fn an_unknown_organisation_is_asked_for_once_in_a_while() {
    let (estate, router) = estate().await;
    let before = estate.catalog.asked();
    for _ in 0..50 {
        assert!(matches!(refusal(&router, 99).await, RoutingError::Unknown { tenant: who } if who == tenant(99)));
    }
    assert!(estate.catalog.asked() - before <= 2, "asked {} times", estate.catalog.asked() - before);
    // One that was told of is not kept waiting by that.
    estate.catalog.put(organization(99, "a"));
    until("it is known", async || router.connect(TenantContext::new(tenant(99))).await.is_ok()).await;
}

/// Whoever makes up identifiers has the router's own refusal, and leaves the metadata database alone.
#[tokio::test]
async fn unknown_organisations_are_asked_for_few_at_once() {
    let (estate, router) = estate().await;
    let holders: Vec<_> = (0..16).map(|_| estate.catalog.hold_next()).collect();
    let asking: Vec<_> = (100..116)
        .map(|number| {
            let router = router.clone();
            tokio::spawn(async move { refusal(&router, number).await })
        })
        .collect();
    until("so many are asked for", async || estate.catalog.is_holding()).await;
    assert!(matches!(refusal(&router, 116).await, RoutingError::TooManyUnknown { tenant: who } if who == tenant(116)));
    assert_eq!(Seen::by(&router, 1).await.at().await.expect("who is known works"), "a");
    drop(holders);
    for asked in asking {
        assert!(matches!(soon("an answer", asked).await.expect("no panic"), RoutingError::Unknown { .. }));
    }
    assert!(matches!(refusal(&router, 116).await, RoutingError::Unknown { .. }));
}

#[tokio::test]
async fn an_organisation_that_was_just_made_need_not_be_told_of() {
    let (estate, router) = estate().await;
    estate.catalog.silence(true);
    estate.catalog.put(organization(4, "b"));
    assert_eq!(Seen::by(&router, 4).await.at().await.expect("an answer"), "b");
}

#[tokio::test]
async fn an_organisation_that_was_deleted_is_unknown() {
    let (estate, router) = estate().await;
    let seen = Seen::by(&router, 1).await;
    estate.catalog.delete(tenant(1));
    until("it is unknown", async || {
        seen.at().await.is_err_and(|failure| matches!(routing_error(&failure), RoutingError::Unknown { .. }))
    })
    .await;
    // Also where nobody was told.
    estate.catalog.cut(true);
    estate.catalog.delete(tenant(3));
    estate.catalog.cut(false);
    until("it is unknown too", async || {
        matches!(router.connect(TenantContext::new(tenant(3))).await, Err(RoutingError::Unknown { .. }))
    })
    .await;
}

#[tokio::test]
async fn who_waits_for_a_connection_gets_it_where_the_organisation_is_by_then() {
    let estate = Estate::new(&["a", "b"]).await;
    estate.catalog.put(organization(1, "a"));
    estate.catalog.put(organization(3, "a"));
    let router = estate.router(&["a", "b"]).databases(|all| all.max_connections(1).acquire_timeout(LONG));
    let router = router.build().await.expect("a router");
    let holder = Seen::by(&router, 3).await.0.begin().await.expect("the only connection of a");
    let seen = Seen::by(&router, 1).await;
    let mut waiting = Box::pin(seen.at());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    estate.catalog.put(organization(1, "b"));
    let moved = Seen::by(&router, 1).await;
    until("the router knows", async || {
        tokio::time::timeout(Duration::from_millis(200), moved.at()).await.is_ok_and(|at| at.expect("an answer") == "b")
    })
    .await;
    holder.rollback().await.expect("ended");
    assert_eq!(soon("an answer", waiting).await.expect("an answer"), "b");
    assert_eq!(Seen::by(&router, 3).await.at().await.expect("its connection was given back"), "a");
}

/// What it streams is asked for with its first row.
#[tokio::test]
async fn a_stream_that_is_read_late_goes_where_the_organisation_is_by_then() {
    let (estate, router) = estate().await;
    let seen = Seen::by(&router, 1).await;
    let [mut moved, mut refused] = [
        molecule::Entity::find().stream(&seen.0).await.expect("a stream"),
        molecule::Entity::find().stream(&seen.0).await.expect("a stream"),
    ];
    estate.catalog.put(organization(1, "b"));
    until("it goes to b", async || seen.at().await.expect("an answer") == "b").await;
    assert_eq!(moved.try_next().await.expect("an answer").expect("a molecule").name, "b");
    estate.catalog.put(Organization { status: OrganizationStatus::Suspended, ..organization(1, "b") });
    until("it is suspended", async || seen.at().await.is_err()).await;
    let failure = refused.try_next().await.expect_err("it may not work");
    assert!(matches!(routing_error(&failure), RoutingError::Suspended { .. }), "{failure}");
}

#[tokio::test]
async fn a_placement_that_is_described_otherwise_is_opened_anew() {
    let (estate, router) = estate().await;
    let seen = Seen::by(&router, 1).await;
    assert_eq!(seen.at().await.expect("an answer"), "a");
    let mut changed = placement("a", PlacementKind::Shared);
    changed.max_connections = Some(3);
    estate.catalog.place(changed);
    let most = || match &router.placements()[0].state {
        PlacementState::Open(pool) => Some(pool.max_connections),
        _ => None,
    };
    until("the new number", async || {
        assert_eq!(seen.at().await.expect("no statement notices"), "a");
        most() == Some(3)
    })
    .await;
}

/// The second wall stands in a dedicated database too.
#[tokio::test]
async fn a_misrouted_organisation_sees_nothing_of_a_dedicated_database() {
    let (estate, router) = estate().await;
    let admin = estate.databases[1].admin().await.expect("a superuser's connection");
    // What a dedicated database is: one organisation's rows alone.
    crate::support::execute(&admin, &format!("DELETE FROM molecules WHERE organization_id <> '{}'", tenant(2))).await;
    estate.catalog.place(placement("b", PlacementKind::Dedicated));
    estate.catalog.put(organization(1, "b"));
    let lost = Seen::by(&router, 1).await;
    until("it was sent to b", async || molecule::Entity::find().all(&lost.0).await.is_ok_and(|all| all.is_empty()))
        .await;
    assert_eq!(Seen::by(&router, 2).await.at().await.expect("whom it belongs to"), "b");
}

#[tokio::test]
async fn a_dedicated_pool_has_the_size_of_its_organisations_tier() {
    let (estate, router) = estate().await;
    estate.catalog.place(placement("b", PlacementKind::Dedicated));
    let seen = Seen::by(&router, 2).await;
    let size = || match &router.placements()[1].state {
        PlacementState::Open(pool) => pool.max_connections,
        _ => 0,
    };
    for (tier, connections) in [(Tier::Large, 60), (Tier::Small, 15), (Tier::Medium, 30)] {
        estate.catalog.put(Organization { tier, ..organization(2, "b") });
        until("the tier's size", async || seen.at().await.is_ok() && size() == connections).await;
    }
}

#[tokio::test]
async fn a_closed_router_runs_nothing_more() {
    let (_estate, router) = estate().await;
    let seen = Seen::by(&router, 1).await;
    assert_eq!(seen.at().await.expect("an answer"), "a");
    soon("closed", router.close()).await;
    assert!(matches!(routing_error(&seen.at().await.expect_err("closed")), RoutingError::Closed));
    assert!(matches!(refusal(&router, 2).await, RoutingError::Closed));
}

/// Also whoever waited for a connection meanwhile is told by the router, and not by the pool of one database.
#[tokio::test]
async fn whoever_waits_when_a_router_is_closed_is_told_so() {
    let estate = Estate::new(&["a"]).await;
    (1..=2).for_each(|number| estate.catalog.put(organization(number, "a")));
    let router = estate.router(&["a"]).databases(|all| all.max_connections(1).acquire_timeout(LONG));
    let router = router.build().await.expect("a router");
    let holder = Seen::by(&router, 1).await.0.begin().await.expect("the only connection");
    let seen = Seen::by(&router, 2).await;
    let mut waiting = Box::pin(seen.at());
    assert!(futures_util::poll!(waiting.as_mut()).is_pending());
    let mut close = Box::pin(router.close());
    assert!(futures_util::poll!(close.as_mut()).is_pending(), "a transaction is open");
    let refused = soon("an answer", waiting).await.expect_err("closed");
    assert!(matches!(routing_error(&refused), RoutingError::Closed), "{refused}");
    holder.rollback().await.expect("what has begun can be ended");
    soon("closed", close).await;
}
