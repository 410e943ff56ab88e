//! What a router was told or has read is never replaced by what was so before that, however late an answer or a notification comes.

use std::time::Duration;

use tenant_core::{CatalogHealth, RoutingError, TenantContext, TenantRouter};
use tokio::task::JoinHandle;

use crate::routing::{Estate, PREPARED, Seen, organization, routing_error, tenant};
use crate::support::{soon, until};

/// Long enough for what needs no more than a few turns of the runtime.
const A_WHILE: Duration = Duration::from_millis(100);

/// Nothing is read but what was told of.
const HOUR: Duration = Duration::from_secs(3600);

/// All organisations at `a`.
async fn estate() -> (Estate, TenantRouter) {
    let estate = Estate::new(&["a", "b"]).await;
    for number in 1..=PREPARED {
        estate.catalog.put(organization(number, "a"));
    }
    let router = estate.router(&["a", "b"]).reread_every(HOUR, HOUR).build().await.expect("a router");
    (estate, router)
}

fn connecting(router: &TenantRouter, number: u128) -> JoinHandle<Result<(), RoutingError>> {
    let router = router.clone();
    tokio::spawn(async move { router.connect(TenantContext::new(tenant(number))).await.map(drop) })
}

/// The router has done all that it was told of until now.
async fn followed(estate: &Estate, router: &TenantRouter, number: u128) {
    estate.catalog.put(organization(number, "b"));
    let seen = Seen::by(router, number).await;
    until("it was told", async || seen.at().await.is_ok_and(|at| at == "b")).await;
}

#[tokio::test]
async fn by_the_answer_for_an_organisation_that_was_deleted_meanwhile() {
    let (estate, router) = estate().await;
    estate.catalog.silence(true);
    estate.catalog.put(organization(9, "a"));
    estate.catalog.silence(false);
    let holder = estate.catalog.hold_next();
    let asking = connecting(&router, 9);
    until("it is asked for", async || estate.catalog.is_holding()).await;
    estate.catalog.delete(tenant(9));
    followed(&estate, &router, 1).await;
    drop(holder);
    let outcome = soon("an answer", asking).await.expect("no panic");
    assert!(matches!(outcome, Err(RoutingError::Unknown { .. })), "{outcome:?}");
    assert_eq!(router.organizations(), usize::try_from(PREPARED).expect("few"));
}

#[tokio::test]
async fn by_what_was_read_at_its_start() {
    let estate = Estate::new(&["a", "b"]).await;
    estate.catalog.put(organization(1, "a"));
    let holder = estate.catalog.hold_next();
    let building = tokio::spawn(estate.router(&["a", "b"]).reread_every(HOUR, HOUR).build());
    until("all is read", async || estate.catalog.is_holding()).await;
    estate.catalog.put(organization(1, "b"));
    drop(holder);
    let router = soon("a router", building).await.expect("no panic").expect("a router");
    let seen = Seen::by(&router, 1).await;
    until("it lives at b", async || seen.at().await.is_ok_and(|at| at == "b")).await;
}

#[tokio::test]
async fn by_the_answer_to_a_refresh() {
    let (estate, router) = estate().await;
    let holder = estate.catalog.hold_next();
    let refreshing = tokio::spawn({
        let router = router.clone();
        async move { router.refresh(tenant(1)).await }
    });
    until("it is asked for", async || estate.catalog.is_holding()).await;
    estate.catalog.put(organization(1, "b"));
    tokio::time::sleep(A_WHILE).await;
    drop(holder);
    soon("an answer", refreshing).await.expect("no panic").expect("read");
    let seen = Seen::by(&router, 1).await;
    until("it lives at b", async || seen.at().await.is_ok_and(|at| at == "b")).await;
}

#[tokio::test]
async fn by_what_was_read_before_a_refresh() {
    let (estate, router) = estate().await;
    let holder = estate.catalog.hold_next();
    // The last change is among what is read, whatever the mark.
    estate.catalog.cut(true);
    until("it is read", async || estate.catalog.is_holding()).await;
    estate.catalog.put(organization(PREPARED, "b"));
    let refreshing = tokio::spawn({
        let router = router.clone();
        async move { router.refresh(tenant(PREPARED)).await }
    });
    tokio::time::sleep(A_WHILE).await;
    drop(holder);
    soon("an answer", refreshing).await.expect("no panic").expect("read");
    until("it was read", async || matches!(router.catalog_health(), CatalogHealth::Polling { .. })).await;
    assert_eq!(Seen::by(&router, PREPARED).await.at().await.expect("an answer"), "b");
}

/// What it is about was read before, with what was told earlier.
#[tokio::test]
async fn by_a_notification_that_comes_late() {
    let (estate, router) = estate().await;
    estate.catalog.withhold();
    for number in [1, 3, 2, 6] {
        estate.catalog.put(organization(number, "b"));
    }
    estate.catalog.let_through(2);
    let seen = Seen::by(&router, 6).await;
    until("all was read", async || seen.at().await.is_ok_and(|at| at == "b")).await;
    estate.catalog.let_through(2);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(router.organizations(), usize::try_from(PREPARED).expect("few"));
    let asked = estate.catalog.asked();
    for number in [1, 2, 3, 6] {
        assert_eq!(Seen::by(&router, number).await.at().await.expect("it is known"), "b");
    }
    assert_eq!(estate.catalog.asked(), asked, "nobody was forgotten");
}

#[tokio::test]
async fn by_the_mark_of_a_catalog_that_an_older_copy_has_replaced() {
    let estate = Estate::new(&["a", "b"]).await;
    for number in 1..=PREPARED {
        estate.catalog.put(organization(number, "a"));
    }
    let router = estate.router(&["a", "b"]).build().await.expect("a router");
    let seen = Seen::by(&router, 1).await;
    estate.catalog.cut(true);
    until("it is read", async || matches!(router.catalog_health(), CatalogHealth::Polling { .. })).await;
    estate.catalog.restore(vec![organization(1, "b")]);
    until("that is followed", async || seen.at().await.is_ok_and(|at| at == "b")).await;
    assert_eq!(router.organizations(), 1);
}

/// As in words of a later release. Known before, it may have been suspended in them.
#[tokio::test]
async fn by_what_was_known_of_an_organisation_that_can_not_be_read_any_more() {
    for listens in [true, false] {
        let estate = Estate::new(&["a", "b"]).await;
        estate.catalog.put(organization(1, "a"));
        estate.catalog.put(organization(2, "a"));
        let router = estate.router(&["a", "b"]).build().await.expect("a router");
        let seen = Seen::by(&router, 1).await;
        if !listens {
            estate.catalog.cut(true);
        }
        estate.catalog.garble(tenant(1));
        until("it is unknown", async || {
            seen.at().await.is_err_and(|failure| matches!(routing_error(&failure), RoutingError::Unknown { .. }))
        })
        .await;
        assert_eq!(Seen::by(&router, 2).await.at().await.expect("the others work"), "a");
    }
}
