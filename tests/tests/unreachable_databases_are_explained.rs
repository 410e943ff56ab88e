//! Whoever can't connect, at start-up or later, is told why within the time that was set, and goes on once it is mended.

use std::time::{Duration, Instant};

use sea_orm::{DbErr, TransactionTrait};
use tenant_core::{DatabaseError, PoolError, TenantConnection, TenantContext, TenantDatabase, TenantId};
use tenant_migration::TenantMigrator;
use tenant_testkit::Cluster;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::support::{LONG, World, application_role, execute, owners, pool_error, pool_named, soon, terminate};

/// How long a connection is waited for here.
const WAIT: Duration = Duration::from_millis(500);

async fn build(world: &World, url: impl Into<String>) -> DatabaseError {
    let builder = TenantDatabase::builder(url).registry(world.registry.clone()).connect_timeout(WAIT);
    soon("an answer", builder.build()).await.expect_err("nothing to connect to")
}

#[tokio::test]
async fn at_start_up_it_is_the_builders_error() {
    let world = World::new().await;
    let unknown = build(&world, world.database.url("no_such_role")).await;
    assert!(
        matches!(&unknown, DatabaseError::Connect { server, .. } if server.contains("no_such_role")),
        "{unknown:?}"
    );
    let refused = build(&world, "postgres://somebody:hunter2@127.0.0.1:1/molecules").await;
    assert!(matches!(refused, DatabaseError::Connect { .. }), "{refused:?}");
    let text = format!("{refused} {refused:?}");
    assert!(text.contains("127.0.0.1") && text.contains("somebody") && !text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let world = World::new().await;
    let cluster = Cluster::builder().tcp().start().await.expect("a server");
    let url = cluster.tcp_url("postgres", "postgres").expect("over TCP");
    let url = url.replacen("://postgres@", "://postgres:hunter2@", 1);
    assert!(url.contains("hunter2"), "{url}");
    let error = build(&world, url).await;
    assert!(matches!(error, DatabaseError::Connect { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_as_long_as_was_set() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let error = build(&world, format!("postgres://somebody@127.0.0.1:{port}/molecules")).await;
    assert!(matches!(error, DatabaseError::Silent { waited: WAIT, .. }), "{error:?}");
}

/// Changes the world's database, from another one.
async fn alter(world: &World, how: &str) {
    let postgres = world.database.cluster().superuser_url("postgres");
    let admin = sea_orm::Database::connect(postgres).await.expect("a superuser's connection");
    execute(&admin, &format!("ALTER DATABASE {} {how}", world.database.name())).await;
    admin.close().await.expect("closed");
}

/// A pool of the world's database whose sessions have all ended.
async fn cut_off(world: &World, name: &str, ban: &str) -> (TenantDatabase, TenantConnection) {
    let database = pool_named(world, name).acquire_timeout(WAIT).build().await.expect("a database");
    let acme = database.connect(TenantContext::new(world.acme.id));
    owners(&acme).await.expect("an answer");
    alter(world, ban).await;
    terminate(&world.admin, name).await;
    (database, acme)
}

async fn both_ways(db: &TenantConnection) -> [DbErr; 2] {
    let start = Instant::now();
    let failures = [
        soon("an answer", owners(db)).await.expect_err("no connection"),
        soon("an answer", db.begin()).await.expect_err("no connection"),
    ];
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
    failures
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_told_at_once_and_the_pool_goes_on() {
    let world = World::new().await;
    let (database, acme) = cut_off(&world, "banned", "ALLOW_CONNECTIONS false").await;
    for failure in both_ways(&acme).await {
        let PoolError::Connect { server, source } = pool_error(&failure) else { panic!("{failure}") };
        assert!(server.contains(world.database.name()), "{server}");
        assert!(source.to_string().contains("not currently accepting connections"), "{source}");
    }
    alter(&world, "ALLOW_CONNECTIONS true").await;
    assert_eq!(owners(&acme).await.expect("an answer"), [world.acme.id]);
    assert_eq!(database.pool_statistics().in_use, 0);
}

/// As while a server starts, or while its connections are all taken for a moment.
#[tokio::test]
async fn a_server_that_may_let_in_later_is_tried_as_long_as_was_set_and_the_pool_goes_on() {
    let world = World::new().await;
    let (database, acme) = cut_off(&world, "limited", "CONNECTION LIMIT 0").await;
    for failure in both_ways(&acme).await {
        let PoolError::Silent { waited: WAIT, doing, source: Some(source), .. } = pool_error(&failure) else {
            panic!("{failure}")
        };
        assert_eq!(*doing, "opening a connection");
        assert!(source.to_string().contains("too many connections"), "{source}");
    }
    assert_eq!((database.pool_statistics().in_use, database.pool_statistics().open), (0, 0));
    alter(&world, "CONNECTION LIMIT -1").await;
    assert_eq!(owners(&acme).await.expect("an answer"), [world.acme.id]);
}

#[tokio::test]
async fn a_server_that_has_stopped_is_told_with_the_drivers_reason() {
    let world = World::new().await;
    let cluster = Cluster::builder().start().await.expect("a server");
    let own = cluster.empty_database().await.expect("a database");
    let admin = own.admin().await.expect("a superuser's connection");
    let migrator = TenantMigrator::new(&world.registry).expect("a plan");
    migrator.up(&admin, None).await.expect("migrated");
    let builder = TenantDatabase::builder(own.url(&application_role())).registry(world.registry.clone());
    let database = builder.acquire_timeout(WAIT).build().await.expect("a database");
    let nobody = database.connect(TenantContext::new(TenantId::new(Uuid::from_u128(9))));
    assert!(owners(&nobody).await.expect("an answer").is_empty());
    admin.close().await.expect("closed");
    drop((own, cluster));
    for failure in both_ways(&nobody).await {
        let is_told = matches!(pool_error(&failure), PoolError::Silent { waited: WAIT, source: Some(_), .. });
        assert!(is_told, "{failure:?}");
    }
    soon("closed", database.close()).await;
}
