//! How often a caller waits for the server: exactly so often, counted by a proxy. Statements are prepared already.

use std::time::Duration;

use entities::molecule;
use futures_util::TryStreamExt;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter, TransactionSession, TransactionTrait};
use tenant_core::{
    BindingMode, GivenUrls, PlacementKind, TenantConnection, TenantContext, TenantDatabase, TenantDatabaseBuilder,
    TenantRouter, Tier, TierLimits, UserId,
};
use tenant_testkit::Proxy;
use uuid::Uuid;

use crate::routing::{MemoryCatalog, organization, placement};
use crate::support::{BOTH_HAVE, World, application_role};

/// A pool of one connection, behind a proxy.
struct Counted {
    world: World,
    proxy: Proxy,
    pool: TenantDatabase,
}

impl Counted {
    async fn new(settings: impl FnOnce(TenantDatabaseBuilder) -> TenantDatabaseBuilder) -> Self {
        let world = World::new().await;
        let proxy = Proxy::start(&world.database).expect("a proxy");
        let url = proxy.url(&application_role(), world.database.name());
        let builder = TenantDatabase::builder(url).registry(world.registry.clone()).max_connections(1);
        let pool = settings(builder).build().await.expect("a safe database");
        Self { world, proxy, pool }
    }

    fn acme(&self) -> TenantConnection {
        self.pool.connect(TenantContext::new(self.world.acme.id))
    }

    fn beta(&self) -> TenantConnection {
        self.pool.connect(TenantContext::new(self.world.beta.id))
    }

    /// How often `work` made its caller wait.
    async fn round_trips(&self, work: impl Future<Output = ()>) -> u64 {
        let (before, connections) = (self.proxy.round_trips(), self.proxy.connections());
        work.await;
        let after = self.proxy.round_trips();
        assert_eq!(self.proxy.connections(), connections, "a connection was opened, which is not counted");
        self.settle().await;
        after - before
    }

    /// Waits for what goes on in the background, which belongs to nobody's count.
    async fn settle(&self) {
        while self.pool.pool_statistics().in_use > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn read(db: &impl ConnectionTrait) {
    let found = molecule::Entity::find_by_id(BOTH_HAVE).one(db).await.expect("an answer");
    assert!(found.is_some(), "the tenant has this molecule");
}

async fn write(db: &impl ConnectionTrait) {
    let renamed = molecule::ActiveModel { name: Set("renamed".to_owned()), ..Default::default() };
    let update = molecule::Entity::update_many().set(renamed).filter(molecule::COLUMN.id.eq(BOTH_HAVE));
    assert_eq!(update.exec(db).await.expect("written").rows_affected, 1);
}

#[tokio::test]
async fn one_on_a_bound_connection_and_two_on_another_tenants() {
    let counted = Counted::new(|builder| builder).await;
    let (acme, beta) = (counted.acme(), counted.beta());
    read(&acme).await;
    write(&acme).await;
    for _ in 0..3 {
        assert_eq!(counted.round_trips(read(&acme)).await, 1);
        assert_eq!(counted.round_trips(write(&acme)).await, 1);
        assert_eq!(counted.round_trips(read(&beta)).await, 2);
        assert_eq!(counted.round_trips(write(&beta)).await, 1);
        assert_eq!(counted.round_trips(write(&acme)).await, 2);
    }
}

#[tokio::test]
async fn one_for_a_stream_on_a_bound_connection() {
    let counted = Counted::new(|builder| builder).await;
    let acme = counted.acme();
    let stream = async || {
        let rows: Vec<molecule::Model> =
            molecule::Entity::find().stream(&acme).await.expect("a stream").try_collect().await.expect("rows");
        assert!(!rows.is_empty());
    };
    stream().await;
    assert_eq!(counted.round_trips(stream()).await, 1);
}

#[tokio::test]
async fn two_more_than_its_statements_for_a_transaction_whoever_is_bound() {
    let counted = Counted::new(|builder| builder).await;
    let (acme, beta) = (counted.acme(), counted.beta());
    read(&acme).await;
    for statements in [0, 1, 2, 10] {
        let work = async {
            let transaction = beta.begin().await.expect("begun");
            for _ in 0..statements {
                read(&transaction).await;
            }
            transaction.commit().await.expect("committed");
        };
        assert_eq!(counted.round_trips(work).await, statements + 2);
        assert_eq!(counted.round_trips(read(&acme)).await, 1, "the session's own binding is still there");
    }
    let nested = async {
        let outer = beta.begin().await.expect("begun");
        let inner = outer.begin().await.expect("nested");
        read(&inner).await;
        inner.commit().await.expect("released");
        outer.commit().await.expect("committed");
    };
    assert_eq!(counted.round_trips(nested).await, 5);
}

#[tokio::test]
async fn another_user_binds_anew_and_another_request_only_to_write() {
    let counted = Counted::new(|builder| builder).await;
    let of = |user: u128, request: &str| {
        let context = TenantContext::new(counted.world.acme.id).user(UserId::new(Uuid::from_u128(user)));
        counted.pool.connect(context.request(request.parse().expect("allowed characters")))
    };
    let (first, next, other) = (of(1, "a"), of(1, "b"), of(2, "c"));
    read(&first).await;
    write(&first).await;
    assert_eq!(counted.round_trips(read(&first)).await, 1);
    assert_eq!(counted.round_trips(read(&next)).await, 1);
    assert_eq!(counted.round_trips(write(&next)).await, 2);
    assert_eq!(counted.round_trips(write(&next)).await, 1);
    assert_eq!(counted.round_trips(read(&other)).await, 2);
    assert_eq!(counted.round_trips(write(&other)).await, 1);
}

#[tokio::test]
async fn two_for_a_read_and_three_for_a_write_where_only_transactions_are_bound() {
    let counted =
        Counted::new(|builder| builder.binding_mode(BindingMode::Transaction).prepared_statements(true)).await;
    let (acme, beta) = (counted.acme(), counted.beta());
    read(&acme).await;
    write(&acme).await;
    for _ in 0..3 {
        assert_eq!(counted.round_trips(read(&acme)).await, 2);
        assert_eq!(counted.round_trips(write(&acme)).await, 3);
        assert_eq!(counted.round_trips(read(&beta)).await, 2);
        assert_eq!(counted.round_trips(write(&beta)).await, 3);
    }
}

#[tokio::test]
async fn one_more_each_where_nothing_is_prepared() {
    let counted = Counted::new(|builder| builder.binding_mode(BindingMode::Transaction)).await;
    let (acme, beta) = (counted.acme(), counted.beta());
    read(&acme).await;
    counted.settle().await;
    for _ in 0..3 {
        assert_eq!(counted.round_trips(read(&acme)).await, 3);
        assert_eq!(counted.round_trips(write(&beta)).await, 4);
    }
}

/// As many as without: they travel with the binding.
#[tokio::test]
async fn none_more_for_a_tiers_timeouts() {
    let limited = |builder: TenantDatabaseBuilder| {
        let timeout = Duration::from_secs(5);
        let small = TierLimits::of(Tier::Small).statement_timeout(timeout).lock_timeout(timeout);
        builder.tier(Tier::Small, small.idle_in_transaction_timeout(timeout))
    };
    let counted = Counted::new(limited).await;
    let (acme, beta) = (counted.acme(), counted.beta());
    let larger = acme.clone().tier(Tier::Large);
    read(&acme).await;
    write(&acme).await;
    for _ in 0..2 {
        assert_eq!(counted.round_trips(read(&acme)).await, 1);
        assert_eq!(counted.round_trips(write(&beta)).await, 2);
        assert_eq!(counted.round_trips(read(&acme)).await, 2);
        assert_eq!(counted.round_trips(read(&larger)).await, 2, "bound anew for the other tier");
        assert_eq!(counted.round_trips(write(&larger)).await, 1);
        assert_eq!(counted.round_trips(read(&acme)).await, 2, "and back");
        let work = async {
            let transaction = larger.begin().await.expect("begun");
            read(&transaction).await;
            transaction.commit().await.expect("committed");
        };
        assert_eq!(counted.round_trips(work).await, 3);
        assert_eq!(counted.round_trips(read(&acme)).await, 1, "the session's own timeouts are still there");
    }
    let in_transactions = |builder| limited(builder).binding_mode(BindingMode::Transaction).prepared_statements(true);
    let counted = Counted::new(in_transactions).await;
    let (acme, larger) = (counted.acme(), counted.beta().tier(Tier::Large));
    read(&acme).await;
    write(&acme).await;
    for _ in 0..2 {
        assert_eq!(counted.round_trips(read(&acme)).await, 2);
        assert_eq!(counted.round_trips(write(&larger)).await, 3);
    }
}

/// Where it goes is known in memory.
#[tokio::test]
async fn none_more_by_a_router() {
    let counted = Counted::new(|builder| builder).await;
    counted.pool.close().await;
    let catalog = MemoryCatalog::default();
    catalog.place(placement("home", PlacementKind::Shared));
    (1..=2).for_each(|number| catalog.put(organization(number, "home")));
    let url = counted.proxy.url(&application_role(), counted.world.database.name());
    let urls: GivenUrls = [("home".parse().expect("a name"), url)].into_iter().collect();
    let router = TenantRouter::builder(catalog).registry(counted.world.registry.clone()).urls(urls);
    let router = router.databases(|all| all.max_connections(1)).build().await.expect("a safe database");
    let [acme, beta] = [&counted.world.acme, &counted.world.beta].map(|of| TenantContext::new(of.id));
    let [acme, beta] = [router.connect(acme).await, router.connect(beta).await].map(|db| db.expect("it works"));
    read(&acme).await;
    write(&acme).await;
    assert_eq!(counted.round_trips(read(&acme)).await, 1);
    assert_eq!(counted.round_trips(write(&acme)).await, 1);
    assert_eq!(counted.round_trips(read(&beta)).await, 2);
    let transaction = async {
        let transaction = acme.begin().await.expect("begun");
        read(&transaction).await;
        transaction.commit().await.expect("committed");
    };
    assert_eq!(counted.round_trips(transaction).await, 3);
}
