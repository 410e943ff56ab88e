//! The way from the catalog's tables to a statement, on a real metadata database: what is committed there is followed, whatever
//! becomes of the connection that tells it.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use tenant_core::{
    CatalogError, CatalogHealth, PostgresCatalog, RouterError, RoutingError, TenantContext, TenantRouter,
    TenantRouterBuilder, Tier,
};
use tenant_migration::catalog::TenantName;
use tenant_testkit::{PgBouncer, PoolMode, Proxy};

use crate::routing::{Estate, Seen, routing_error};
use crate::support::{Office, bouncer, execute, tenant, texts, until};

/// Placements `eu` and `own`, the second dedicated, with organisation 1 on the first.
struct Scene {
    office: Office,
    estate: Estate,
}

impl Scene {
    async fn new() -> Self {
        let (office, estate) = (Office::new().await, Estate::new(&["eu", "own"]).await);
        office.organization(1, "active", "eu").await;
        Self { office, estate }
    }

    fn router(&self, catalog: PostgresCatalog) -> TenantRouterBuilder {
        let registry = tenant_core::Registry::collect().expect("the sample's models");
        TenantRouter::builder(catalog)
            .registry(registry)
            .urls(self.estate.urls(&["eu", "own"]))
            .reread_every(Duration::from_millis(300), Duration::from_millis(20))
    }

    async fn set(&self, what: &str) {
        execute(&self.office.admin, &format!("UPDATE tenancy_catalog.organizations SET {what} WHERE name = 'n1'"))
            .await;
    }
}

fn is_suspended(outcome: Result<String, sea_orm::DbErr>) -> bool {
    outcome.is_err_and(|failure| matches!(routing_error(&failure), RoutingError::Suspended { .. }))
}

#[tokio::test]
async fn from_its_first_record_to_its_last() {
    let scene = Scene::new().await;
    let router = scene.router(scene.office.reader()).build().await.expect("a router");
    let refusal = async || router.connect(TenantContext::new(tenant(2))).await.map(drop);
    assert!(matches!(refusal().await, Err(RoutingError::Unknown { .. })));
    scene.office.organization(2, "provisioning", "eu").await;
    until("it is being made", async || matches!(refusal().await, Err(RoutingError::Provisioning { .. }))).await;
    execute(&scene.office.admin, "UPDATE tenancy_catalog.organizations SET status = 'active' WHERE name = 'n2'").await;
    until("it works", async || refusal().await.is_ok()).await;
    let seen = Seen::by(&router, 2).await;
    assert_eq!(seen.at().await.expect("an answer"), "eu");

    let (mut editor, name) = (scene.office.editor().await, TenantName::Id(tenant(2)));
    editor.suspend(&name).await.expect("suspended");
    until("it is suspended", async || is_suspended(seen.at().await)).await;
    editor.resume(&name).await.expect("resumed");
    until("it works again", async || seen.at().await.is_ok()).await;
    for sql in ["status = 'moving'", "placement = 'own'", "status = 'active'"] {
        execute(&scene.office.admin, &format!("UPDATE tenancy_catalog.organizations SET {sql} WHERE name = 'n2'"))
            .await;
    }
    until("it lives elsewhere", async || seen.at().await.is_ok_and(|at| at == "own")).await;
    editor.set_tier(&name, Tier::Large).await.expect("set");
    let size = || match &router.placements()[1].state {
        tenant_core::PlacementState::Open(pool) => pool.max_connections,
        _ => 0,
    };
    until("its pool has the tier's size", async || size() == 60).await;
    editor.suspend(&name).await.expect("suspended");
    editor.archive(&name).await.expect("archived");
    until("it is archived", async || matches!(refusal().await, Err(RoutingError::Archived { .. }))).await;
    execute(&scene.office.admin, "DELETE FROM tenancy_catalog.organizations WHERE name = 'n2'").await;
    until("it is nobody", async || matches!(refusal().await, Err(RoutingError::Unknown { .. }))).await;
}

/// More in one transaction than is told one by one, and many at once.
#[tokio::test]
async fn many_changes_at_once() {
    let scene = Scene::new().await;
    let router = scene.router(scene.office.reader()).build().await.expect("a router");
    let many = "INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
        SELECT ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid, 'm' || n, 'small', 'active', 'eu'";
    execute(&scene.office.admin, &format!("{many} FROM generate_series(1001, 3000) AS n")).await;
    until("all are known", async || router.organizations() == 2001).await;
    for n in 3001..3051 {
        execute(&scene.office.admin, &format!("{many} FROM (VALUES ({n})) AS v(n)")).await;
    }
    until("all of these too", async || router.organizations() == 2051).await;
    execute(&scene.office.admin, "UPDATE tenancy_catalog.organizations SET status = 'suspended' WHERE name <> 'n1'")
        .await;
    execute(&scene.office.admin, "UPDATE tenancy_catalog.organizations SET status = 'archived' WHERE name <> 'n1'")
        .await;
    execute(&scene.office.admin, "DELETE FROM tenancy_catalog.organizations WHERE name <> 'n1'").await;
    until("and gone", async || router.organizations() == 1).await;
}

#[tokio::test]
async fn a_listener_whose_session_is_ended() {
    let scene = Scene::new().await;
    let router = scene.router(scene.office.reader()).build().await.expect("a router");
    let seen = Seen::by(&router, 1).await;
    for round in 0..3 {
        let ended = "SELECT pg_terminate_backend(pid, 10000)::text FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'tenant-router'";
        assert!(!texts(&scene.office.admin, ended).await.is_empty(), "the router has sessions");
        scene.set("status = 'suspended'").await;
        until("it was read", async || is_suspended(seen.at().await)).await;
        scene.set("status = 'active'").await;
        until("and again", async || seen.at().await.is_ok()).await;
        until("it listens", async || matches!(router.catalog_health(), CatalogHealth::Listening)).await;
        assert!(seen.at().await.is_ok(), "round {round}");
    }
}

#[tokio::test]
async fn a_network_that_is_cut_and_comes_back() {
    let scene = Scene::new().await;
    let proxy = Proxy::start(&scene.office.database).expect("a proxy");
    let url = proxy.url("tenancy_router", scene.office.database.name());
    let router = scene.router(PostgresCatalog::new(&url).expect("a URL")).build().await.expect("a router");
    let seen = Seen::by(&router, 1).await;
    proxy.refuse(true);
    proxy.cut();
    until("it is noticed", async || matches!(router.catalog_health(), CatalogHealth::Unreachable { .. })).await;
    scene.set("status = 'suspended'").await;
    assert_eq!(seen.at().await.expect("what is known goes on"), "eu");
    proxy.refuse(false);
    until("it was read", async || is_suspended(seen.at().await)).await;
    until("it listens", async || matches!(router.catalog_health(), CatalogHealth::Listening)).await;
}

/// A connection that is up and carries nothing: no end of it is ever seen.
#[tokio::test]
async fn a_network_that_is_silent() {
    let scene = Scene::new().await;
    let proxy = Proxy::start(&scene.office.database).expect("a proxy");
    let url = proxy.url("tenancy_router", scene.office.database.name());
    let router = scene.router(PostgresCatalog::new(&url).expect("a URL")).build().await.expect("a router");
    let seen = Seen::by(&router, 1).await;
    proxy.stall();
    scene.set("status = 'suspended'").await;
    until("it is noticed", async || matches!(router.catalog_health(), CatalogHealth::Unreachable { .. })).await;
    assert_eq!(seen.at().await.expect("what is known goes on"), "eu");
    proxy.resume();
    until("it was read", async || is_suspended(seen.at().await)).await;
}

/// Through a transaction pooler LISTEN would succeed and hear nothing.
#[tokio::test]
async fn a_pooler_in_front_of_the_catalog_is_refused() {
    let scene = Scene::new().await;
    let cluster = scene.office.database.cluster();
    let pooler = bouncer(PgBouncer::builder(cluster).pool_mode(PoolMode::Transaction)).await;
    let url = pooler.url("tenancy_router", scene.office.database.name());
    let error = scene.router(PostgresCatalog::new(&url).expect("a URL")).build().await.expect_err("it is refused");
    assert!(matches!(error, RouterError::Catalog(CatalogError::Pooler { .. })), "{error}");
}

/// The router's role reads the catalog, and nothing of it can be reached by the application's.
#[tokio::test]
async fn a_role_that_may_not_read_it_is_told() {
    let scene = Scene::new().await;
    execute(&scene.office.admin, "REVOKE ALL ON ALL TABLES IN SCHEMA tenancy_catalog FROM tenancy_router").await;
    let error = scene.router(scene.office.reader()).build().await.expect_err("it may not").to_string();
    assert!(error.contains("may not read the catalog") && error.contains("migrate catalog up"), "{error}");
    let admin = &scene.office.admin;
    assert!(
        admin.execute_unprepared("SET ROLE tenancy_router; SELECT 1 FROM tenancy_catalog.organizations").await.is_err()
    );
}
