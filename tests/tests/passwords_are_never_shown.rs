//! What a program prints of its databases, in logs or in a panic's message, gives no password away.

use std::fmt::Debug;

use sea_orm::TransactionTrait;
use tenant_core::{MaxLag, PostgresCatalog, TenantContext, TenantDatabase, TenantRouter};

use crate::routing::{Estate, organization, tenant};
use crate::support::{LONG, application_role};

fn shows_nothing(what: &str, it: &impl Debug) {
    for printed in [format!("{it:?}"), format!("{it:#?}")] {
        assert!(!printed.contains("geheim"), "{what}: {printed}");
    }
}

#[tokio::test]
async fn by_a_database_a_router_or_what_they_give() {
    let estate = Estate::new(&["a"]).await;
    estate.catalog.put(organization(1, "a"));
    let url = estate.databases[0].url(&application_role());
    let url = format!("{url}{}password=geheim", if url.contains('?') { '&' } else { '?' });
    let context = TenantContext::new(tenant(1));

    let builder = TenantDatabase::builder(url.clone()).read_from_replicas(1);
    shows_nothing("a database's builder", &builder);
    let database = builder.registry(tenant_core::Registry::collect().unwrap()).build().await.expect("a database");
    shows_nothing("a database", &database);
    shows_nothing("a connection", &database.connect(context.clone()));

    let urls = [("a".parse().expect("a name"), url.clone())].into_iter().collect::<tenant_core::GivenUrls>();
    let builder = estate.router(&["a"]).urls(urls);
    shows_nothing("a router's builder", &builder);
    let router = builder.build().await.expect("a router");
    shows_nothing("a router", &router);
    shows_nothing("its placements", &router.placements());
    let db = router.connect(context.clone()).await.expect("a connection");
    shows_nothing("a router's connection", &db);
    shows_nothing("its transaction", &db.begin().await.expect("a transaction"));
    let replica = router.connect_to_replica(context, MaxLag::new(LONG)).await.expect("a connection");
    shows_nothing("a connection for reads", &replica);

    let catalog = PostgresCatalog::new(&url).expect("a URL");
    shows_nothing("a catalog", &catalog);
    shows_nothing("a router's builder", &TenantRouter::builder(catalog.clone()));
    let failure = TenantRouter::builder(catalog).build().await.expect_err("it has no catalog");
    shows_nothing("why there is no router", &failure);
}
