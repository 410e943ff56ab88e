//! What fails of the catalog or of one placement stops nobody else, and is said.

use std::time::Duration;

use tenant_core::{
    CatalogHealth, GivenUrls, Organization, OrganizationStatus, PlacementKind, PlacementState, RouterError,
    RoutingError, TenantContext, TenantRouter,
};

use crate::routing::{Estate, Seen, organization, placement, routing_error, tenant};
use crate::support::{application_role, execute, until};

async fn estate() -> Estate {
    let estate = Estate::new(&["a", "b"]).await;
    estate.catalog.put(organization(1, "a"));
    estate.catalog.put(organization(2, "b"));
    estate
}

fn is_suspended(outcome: Result<String, sea_orm::DbErr>) -> bool {
    outcome.is_err_and(|failure| matches!(routing_error(&failure), RoutingError::Suspended { .. }))
}

#[tokio::test]
async fn a_listener_that_is_cut_is_replaced_by_reading() {
    let estate = estate().await;
    let router = estate.router(&["a", "b"]).build().await.expect("a router");
    let seen = Seen::by(&router, 1).await;
    until("it listens", async || matches!(router.catalog_health(), CatalogHealth::Listening)).await;
    estate.catalog.cut(true);
    estate.catalog.put(Organization { status: OrganizationStatus::Suspended, ..organization(1, "a") });
    until("it was read", async || is_suspended(seen.at().await)).await;
    assert!(matches!(router.catalog_health(), CatalogHealth::Polling { .. }), "{:?}", router.catalog_health());
    estate.catalog.cut(false);
    until("it listens again", async || matches!(router.catalog_health(), CatalogHealth::Listening)).await;
    estate.catalog.put(organization(1, "b"));
    until("it was told", async || seen.at().await.is_ok_and(|at| at == "b")).await;
}

/// As behind a pooler, or on a connection that died without a word.
#[tokio::test]
async fn a_listener_that_hears_nothing_is_found_out() {
    let estate = estate().await;
    let router = estate.router(&["a", "b"]).build().await.expect("a router");
    let seen = Seen::by(&router, 1).await;
    estate.catalog.silence(true);
    estate.catalog.put(Organization { status: OrganizationStatus::Suspended, ..organization(1, "a") });
    until("it was read", async || is_suspended(seen.at().await)).await;
}

#[tokio::test]
async fn a_router_without_its_catalog_goes_on_for_as_long_as_it_may() {
    let estate = estate().await;
    let trusted = Duration::from_secs(1);
    let router = estate.router(&["a", "b"]).trust_for(trusted).build().await.expect("a router");
    let seen = Seen::by(&router, 1).await;
    estate.catalog.down(true);
    until("it is noticed", async || matches!(router.catalog_health(), CatalogHealth::Unreachable { .. })).await;
    // A change that nobody can know of.
    estate.catalog.put(Organization { status: OrganizationStatus::Suspended, ..organization(1, "a") });
    let unknown = router.connect(TenantContext::new(tenant(5))).await.expect_err("nobody can be asked");
    let mut ends = None;
    until("its time is over", async || match seen.at().await {
        Ok(at) => {
            assert_eq!(at, "a");
            false
        }
        Err(failure) => match routing_error(&failure) {
            RoutingError::Outdated { trusted: allowed, age } => *allowed == trusted && *age > trusted,
            other => panic!("{other}"),
        },
    })
    .await;
    ends.get_or_insert(unknown);
    assert!(matches!(ends, Some(RoutingError::Unasked { .. } | RoutingError::Outdated { .. })), "{ends:?}");
    estate.catalog.down(false);
    until("it reads again", async || is_suspended(seen.at().await)).await;
    assert_eq!(Seen::by(&router, 2).await.at().await.expect("the others work"), "b");
}

/// Nothing is told of a catalog that nobody changes, and then it is read as often as it has to be.
#[tokio::test]
async fn a_catalog_that_is_up_never_becomes_too_old() {
    let estate = estate().await;
    let hour = Duration::from_secs(3600);
    for deaf in [false, true] {
        let router = estate.router(&["a", "b"]).reread_every(hour, hour).trust_for(Duration::from_secs(1));
        let router = router.build().await.expect("a router");
        estate.catalog.cut(deaf);
        let seen = Seen::by(&router, 1).await;
        for _ in 0..30 {
            assert_eq!(seen.at().await.expect("an answer"), "a");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        estate.catalog.cut(false);
    }
}

#[tokio::test]
async fn a_router_does_not_start_without_its_catalog() {
    let estate = estate().await;
    estate.catalog.down(true);
    let error = estate.router(&["a", "b"]).build().await.expect_err("nothing is known");
    assert!(matches!(error, RouterError::Catalog(_)), "{error}");
}

#[tokio::test]
async fn a_placement_that_is_down_stops_nobody_else() {
    let estate = estate().await;
    let nowhere = "postgres:///x?host=/nowhere";
    let urls: GivenUrls = [
        ("a".parse().expect("a name"), estate.databases[0].url(&application_role())),
        ("b".parse().expect("a name"), nowhere.to_owned()),
    ]
    .into_iter()
    .collect();
    let short = Duration::from_secs(3);
    let router = estate.router(&["a"]).urls(urls).databases(move |all| all.connect_timeout(short));
    let router = router.build().await.expect("a placement that is down is no reason not to start");
    let error = router.connect(TenantContext::new(tenant(2))).await.expect_err("it is down");
    assert!(matches!(&error, RoutingError::Unusable { placement, .. } if placement.as_str() == "b"), "{error}");
    assert_eq!(Seen::by(&router, 1).await.at().await.expect("the others work"), "a");
    assert!(matches!(router.placements()[1].state, PlacementState::Failed(_)));
    // The organisation's new home is up.
    estate.catalog.put(organization(2, "a"));
    until("it works", async || router.connect(TenantContext::new(tenant(2))).await.is_ok()).await;
}

#[tokio::test]
async fn a_placement_without_a_url_is_named_with_what_is_missing() {
    let estate = estate().await;
    let router = estate.router(&["a"]).urls(tenant_core::ConfiguredUrls::default()).build().await.expect("a router");
    let error = router.connect(TenantContext::new(tenant(1))).await.expect_err("nobody knows where it is");
    assert!(matches!(error, RoutingError::Url(_)), "{error}");
    assert!(error.to_string().contains("TENANT_PLACEMENT_A_URL"), "{error}");
    // One that the catalog doesn't describe.
    estate.catalog.put(organization(2, "c"));
    until("it is named", async || {
        let refused = router.connect(TenantContext::new(tenant(2))).await;
        matches!(refused, Err(RoutingError::NoPlacement { placement }) if placement.as_str() == "c")
    })
    .await;
}

#[tokio::test]
async fn no_router_starts_beside_an_unsafe_database() {
    let estate = estate().await;
    let admin = estate.databases[1].admin().await.expect("a superuser's connection");
    execute(&admin, "ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY").await;
    let error = estate.router(&["a", "b"]).build().await.expect_err("b is unsafe");
    assert!(
        matches!(&error, RouterError::Placement(RoutingError::Unusable { placement, .. }) if placement.as_str() == "b"),
        "{error}"
    );
    // A dedicated one is looked at when it is needed, and its organisation alone is told.
    estate.catalog.place(placement("b", PlacementKind::Dedicated));
    let router: TenantRouter = estate.router(&["a", "b"]).build().await.expect("a router");
    let error = router.connect(TenantContext::new(tenant(2))).await.expect_err("b is unsafe");
    assert!(matches!(error, RoutingError::Unusable { .. }), "{error}");
    assert_eq!(Seen::by(&router, 1).await.at().await.expect("the others work"), "a");
}
