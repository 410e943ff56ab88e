//! A placement is opened once for all who need it, whoever of them stays: nobody who leaves takes it along, and nobody waits for
//! what has failed.

use std::time::{Duration, Instant};

use tenant_core::{
    GivenUrls, PlacementKind, PlacementState, PoolStatistics, RoutingError, TenantContext, TenantRouter,
    TenantRouterBuilder,
};
use tenant_testkit::Proxy;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::routing::{Estate, Seen, organization, placement, tenant};
use crate::support::{application_role, soon, until};

/// Placement `b` is dedicated, so that nobody needs it before organisation 2, and behind a proxy.
struct Scene {
    estate: Estate,
    proxy: Proxy,
}

impl Scene {
    async fn new() -> Self {
        let estate = Estate::new(&["a", "b"]).await;
        estate.catalog.place(placement("b", PlacementKind::Dedicated));
        estate.catalog.put(organization(1, "a"));
        estate.catalog.put(organization(2, "b"));
        let proxy = Proxy::start(&estate.databases[1]).expect("a proxy");
        Self { estate, proxy }
    }

    fn router(&self) -> TenantRouterBuilder {
        let [a, b] = [0, 1].map(|at| &self.estate.databases[at]);
        let through = self.proxy.url(&application_role(), b.name());
        let urls = [("a", a.url(&application_role())), ("b", through)];
        let urls = urls.into_iter().map(|(name, url)| (name.parse().expect("a name"), url));
        self.estate.router(&["a", "b"]).urls(urls.collect::<GivenUrls>())
    }
}

fn state(router: &TenantRouter) -> PlacementState {
    router.placements().swap_remove(1).state
}

fn statistics(router: &TenantRouter) -> Option<PoolStatistics> {
    match state(router) {
        PlacementState::Open(statistics) => Some(*statistics),
        _ => None,
    }
}

fn connecting(router: &TenantRouter) -> JoinHandle<Result<(), RoutingError>> {
    let router = router.clone();
    tokio::spawn(async move { router.connect(TenantContext::new(tenant(2))).await.map(drop) })
}

/// Begins to open a placement that doesn't answer.
async fn opening(router: &TenantRouter) -> JoinHandle<Result<(), RoutingError>> {
    let opening = connecting(router);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!opening.is_finished(), "it doesn't answer");
    opening
}

#[tokio::test]
async fn whoever_gives_up_leaves_it_to_the_others() {
    let scene = Scene::new().await;
    let router = scene.router().build().await.expect("a router");
    scene.proxy.stall();
    opening(&router).await.abort();
    scene.proxy.resume();
    until("it is open, though nobody asks", async || statistics(&router).is_some()).await;
    assert_eq!(Seen::by(&router, 2).await.at().await.expect("an answer"), "b");
    assert_eq!(statistics(&router).expect("it is open").counts.opened, 1);
}

#[tokio::test]
async fn whoever_comes_while_it_is_tried_again_is_told_at_once() {
    let scene = Scene::new().await;
    let patience = Duration::from_secs(2);
    let router = scene.router().databases(move |all| all.connect_timeout(patience));
    let router = router.build().await.expect("a router");
    scene.proxy.stall();
    let first = soon("an error", connecting(&router)).await.expect("no panic");
    assert!(matches!(first, Err(RoutingError::Unusable { .. })), "{first:?}");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let again = opening(&router).await;
    let since = Instant::now();
    for _ in 0..100 {
        let refused = soon("an error", connecting(&router)).await.expect("no panic");
        assert!(matches!(refused, Err(RoutingError::Unusable { .. })), "{refused:?}");
    }
    assert!(matches!(state(&router), PlacementState::Failed(_)), "{:?}", state(&router));
    assert!(!again.is_finished() && since.elapsed() < patience / 2, "{:?}", since.elapsed());
}

#[tokio::test]
async fn whoever_waits_for_it_goes_elsewhere_if_it_can_not_be_opened() {
    let scene = Scene::new().await;
    let router = scene.router().databases(|all| all.connect_timeout(Duration::from_secs(1)));
    let router = router.build().await.expect("a router");
    scene.proxy.stall();
    let waiting = opening(&router).await;
    scene.estate.catalog.put(organization(2, "a"));
    let outcome = soon("an answer", waiting).await.expect("no panic");
    assert!(outcome.is_ok(), "it lives at a by now: {outcome:?}");
}

#[tokio::test]
async fn whoever_closes_the_router_closes_it_too() {
    let scene = Scene::new().await;
    let router = scene.router().databases(|all| all.min_connections(1)).build().await.expect("a router");
    scene.proxy.stall();
    let waiting = opening(&router).await;
    soon("closed", router.close()).await;
    scene.proxy.resume();
    let outcome = soon("an answer", waiting).await.expect("no panic");
    assert!(matches!(outcome, Err(RoutingError::Closed)), "{outcome:?}");
    until("it has no connections", async || statistics(&router).is_none_or(|pool| pool.open == 0)).await;
}

#[tokio::test]
async fn a_tier_that_is_changed_meanwhile_is_its_size() {
    let scene = Scene::new().await;
    let router = scene.router().build().await.expect("a router");
    scene.proxy.stall();
    let waiting = opening(&router).await;
    let grown = tenant_core::Organization { tier: tenant_core::Tier::Large, ..organization(2, "b") };
    scene.estate.catalog.put(grown);
    // Told in this order.
    scene.estate.catalog.put(organization(1, "b"));
    scene.estate.catalog.delete(tenant(1));
    until("it was told", async || router.organizations() == 1).await;
    waiting.abort();
    scene.proxy.resume();
    until("it is open", async || statistics(&router).is_some()).await;
    assert_eq!(statistics(&router).expect("it is open").max_connections, 60);
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

#[test]
fn whose_runtime_ends_leaves_what_is_done_for_it_to_the_routers() {
    let own = runtime();
    let (scene, router) = own.block_on(async {
        let scene = Scene::new().await;
        let short = Duration::from_millis(100);
        let router = scene.router().databases(move |all| all.idle_timeout(short)).build().await.expect("a router");
        (scene, router)
    });
    let first = runtime();
    first.block_on(async { assert_eq!(Seen::by(&router, 2).await.at().await.expect("an answer"), "b") });
    drop(first);
    own.block_on(async {
        // The connection that was opened there may end with it.
        let seen = Seen::by(&router, 2).await;
        until("an answer", async || seen.at().await.is_ok_and(|at| at == "b")).await;
        until("its idle connection was closed", async || statistics(&router).is_some_and(|pool| pool.open == 0)).await;
    });
    drop(scene);
}

#[test]
fn a_router_whose_runtime_has_ended_says_so() {
    let (own, other) = (runtime(), runtime());
    let (_scene, router) = own.block_on(async {
        let scene = Scene::new().await;
        let router = scene.router().build().await.expect("a router");
        (scene, router)
    });
    drop(own);
    let refused = other.block_on(async { soon("an error", connecting(&router)).await.expect("no panic") });
    assert!(matches!(refused, Err(RoutingError::RuntimeEnded)), "{refused:?}");
}
