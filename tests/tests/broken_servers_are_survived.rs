//! A server or a network that stops, breaks or restarts costs typed errors within their deadlines, never a write done twice, and
//! leaves a pool that works.

use std::time::{Duration, Instant};

use entities::molecule;
use sea_orm::sea_query::Expr;
use sea_orm::{DbErr, EntityTrait, IntoActiveModel, QueryFilter, TransactionSession, TransactionTrait};
use tenant_core::{
    CloseReason, PoolError, TenantConnection, TenantContext, TenantDatabase, TenantDatabaseBuilder, TenantError,
};
use tenant_testkit::Proxy;

use crate::support::{BOTH_HAVE, World, application_role, execute, texts};

/// Longer than any answer takes here, and short enough to wait for.
const PATIENCE: Duration = Duration::from_millis(400);

/// Within which an error has to come, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(4);

struct Proxied {
    world: World,
    proxy: Proxy,
    pool: TenantDatabase,
}

impl Proxied {
    async fn new(settings: impl FnOnce(TenantDatabaseBuilder) -> TenantDatabaseBuilder) -> Self {
        let world = World::new().await;
        let proxy = Proxy::start(&world.database).expect("a proxy");
        let url = proxy.url(&application_role(), world.database.name());
        let builder = TenantDatabase::builder(url).registry(world.registry.clone()).max_connections(2);
        let pool = settings(builder).build().await.expect("a safe database");
        Self { world, proxy, pool }
    }

    fn acme(&self) -> TenantConnection {
        self.pool.connect(TenantContext::new(self.world.acme.id))
    }

    fn closed(&self, reason: CloseReason) -> u64 {
        self.pool.pool_statistics().counts.closed.get(&reason).copied().unwrap_or_default()
    }

    /// Every connection that there may be can be used at once.
    async fn is_healthy(&self) {
        let beta = self.pool.connect(TenantContext::new(self.world.beta.id));
        let (one, other) = (self.acme().begin().await.expect("begun"), beta.begin().await.expect("begun"));
        for (transaction, id) in [(&one, self.world.acme.id), (&other, self.world.beta.id)] {
            let all = molecule::Entity::find().all(transaction).await.expect("an answer");
            assert!(all.len() == 3 && all.iter().all(|molecule| molecule.organization_id == id));
        }
        one.commit().await.expect("committed");
        other.commit().await.expect("committed");
        assert!(self.pool.pool_statistics().open <= 2);
    }
}

async fn read(db: &TenantConnection) -> Result<usize, DbErr> {
    molecule::Entity::find().all(db).await.map(|all| all.len())
}

/// A change that shows how often it was made.
async fn append(db: &TenantConnection) -> Result<u64, DbErr> {
    use sea_orm::sea_query::extension::postgres::PgExpr;
    let update = molecule::Entity::update_many()
        .col_expr(molecule::Column::Name, Expr::col(molecule::Column::Name).concatenate("+"))
        .filter(molecule::COLUMN.id.eq(BOTH_HAVE));
    update.exec(db).await.map(|result| result.rows_affected)
}

async fn times_appended(world: &World) -> usize {
    let sql = format!("SELECT name FROM molecules WHERE id = '{BOTH_HAVE}' AND organization_id = '{}'", world.acme.id);
    texts(&world.admin, &sql).await[0].matches('+').count()
}

fn of_pool(failure: &DbErr) -> Option<&PoolError> {
    match TenantError::of(failure) {
        Some(TenantError::Pool(error)) => Some(error),
        _ => None,
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let result = work.await;
    assert!(start.elapsed() < DEADLINE, "took {:?}", start.elapsed());
    result
}

#[tokio::test]
async fn a_server_that_stops_answering_a_statement_is_left() {
    let proxied = Proxied::new(|builder| builder.answer_timeout(PATIENCE).acquire_timeout(PATIENCE)).await;
    let acme = proxied.acme();
    read(&acme).await.expect("an answer");
    let transaction = acme.begin().await.expect("begun");
    proxied.proxy.stall();
    let failure = in_time(read(&acme)).await.expect_err("no answer");
    // The one idle connection was in the transaction's hands, so this one was being opened.
    assert!(matches!(of_pool(&failure), Some(PoolError::Silent { .. })), "{failure}");
    let failure = in_time(molecule::Entity::find().one(&transaction)).await.expect_err("no answer");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::NoAnswer { .. })), "{failure}");
    let failure = transaction.commit().await.expect_err("lost");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::TransactionLost)), "{failure}");
    proxied.proxy.resume();
    proxied.is_healthy().await;
}

#[tokio::test]
async fn a_bound_connection_that_stops_answering_is_closed() {
    let proxied = Proxied::new(|builder| builder.answer_timeout(PATIENCE).acquire_timeout(PATIENCE)).await;
    let acme = proxied.acme();
    read(&acme).await.expect("an answer");
    proxied.proxy.stall();
    for outcome in [in_time(read(&acme)).await.map(|_| 0), in_time(append(&acme)).await] {
        let failure = outcome.expect_err("no answer");
        let is_typed = matches!(
            TenantError::of(&failure),
            Some(TenantError::NoAnswer { .. } | TenantError::Pool(PoolError::Silent { .. }))
        );
        assert!(is_typed, "{failure}");
    }
    assert_eq!(proxied.closed(CloseReason::InDoubt), 1);
    proxied.proxy.resume();
    proxied.is_healthy().await;
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_when_the_time_is_over() {
    let proxied = Proxied::new(|builder| builder.acquire_timeout(PATIENCE)).await;
    let acme = proxied.acme();
    read(&acme).await.expect("an answer");
    proxied.proxy.refuse(true);
    proxied.proxy.cut();
    let failure = in_time(acme.begin()).await.expect_err("nobody there");
    let Some(PoolError::Silent { source, .. }) = of_pool(&failure) else { panic!("{failure}") };
    assert!(source.is_some(), "why the last attempt failed");
    assert!(failure.to_string().contains("as role tenancy_app"), "{failure}");
    proxied.proxy.refuse(false);
    proxied.is_healthy().await;
}

#[tokio::test]
async fn a_server_that_comes_back_in_time_is_not_even_noticed() {
    let proxied = Proxied::new(|builder| builder).await;
    let acme = proxied.acme();
    read(&acme).await.expect("an answer");
    proxied.proxy.refuse(true);
    proxied.proxy.cut();
    let (read, ()) = tokio::join!(read(&acme), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        proxied.proxy.refuse(false);
    });
    assert_eq!(read.expect("an answer"), 3);
}

#[tokio::test]
async fn a_read_on_a_connection_that_died_idle_is_asked_again() {
    let proxied = Proxied::new(|builder| builder).await;
    let acme = proxied.acme();
    for _ in 0..3 {
        assert_eq!(read(&acme).await.expect("an answer"), 3);
        proxied.proxy.cut();
    }
    assert_eq!(proxied.closed(CloseReason::Broken), 2);
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND usename = 'tenancy_app'";
    assert_eq!(read(&acme).await.expect("an answer"), 3);
    execute(&proxied.world.admin, terminate).await;
    assert_eq!(read(&acme).await.expect("an answer"), 3);
    proxied.is_healthy().await;
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_never_done_twice() {
    let proxied = Proxied::new(|builder| builder).await;
    let acme = proxied.acme();
    assert_eq!(append(&acme).await.expect("written"), 1);
    // The server does it, but its answer breaks off.
    proxied.proxy.cut_after(1);
    let failure = in_time(append(&acme)).await.expect_err("no answer");
    assert!(matches!(failure, DbErr::Exec(_)), "{failure:?}");
    assert_eq!(times_appended(&proxied.world).await, 2);
    assert_eq!(append(&acme).await.expect("written"), 1);
    assert_eq!(times_appended(&proxied.world).await, 3);
    proxied.is_healthy().await;
}

#[tokio::test]
async fn after_one_death_the_other_idle_connections_are_asked_first() {
    let proxied = Proxied::new(|builder| builder).await;
    let (acme, beta) = (proxied.acme(), proxied.pool.connect(TenantContext::new(proxied.world.beta.id)));
    // One connection bound to each.
    append(&acme).await.expect("written");
    append(&beta).await.expect("written");
    assert_eq!(proxied.pool.pool_statistics().idle_bound_to.len(), 2);
    proxied.proxy.cut();
    append(&acme).await.expect_err("this one's connection has died");
    append(&beta).await.expect("its connection was found dead before the statement was sent");
    let counts = proxied.pool.pool_statistics().counts;
    assert_eq!((counts.pings, counts.closed.get(&CloseReason::Stale)), (1, Some(&1)));
    proxied.is_healthy().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_of_its_transaction() {
    let proxied = Proxied::new(|builder| builder).await;
    let acme = proxied.acme();
    let transaction = acme.begin().await.expect("begun");
    molecule::Entity::find().all(&transaction).await.expect("an answer");
    proxied.proxy.cut_after(50);
    let failure = in_time(molecule::Entity::find().all(&transaction)).await.expect_err("half an answer");
    assert!(matches!(failure, DbErr::Query(_)), "{failure:?}");
    let failure = transaction.commit().await.expect_err("lost");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::TransactionLost)), "{failure}");
    assert_eq!(read(&acme).await.expect("an answer"), 3);
    proxied.is_healthy().await;
}

#[tokio::test]
async fn a_dropped_transaction_gives_its_connection_back_rolled_back() {
    let proxied = Proxied::new(|builder| builder.max_connections(1)).await;
    let acme = proxied.acme();
    for _ in 0..5 {
        let transaction = acme.begin().await.expect("begun");
        let taken = molecule::Entity::find().one(&transaction).await.expect("an answer").expect("a molecule");
        molecule::Entity::insert(taken.into_active_model()).exec(&transaction).await.expect_err("the key is taken");
        drop(transaction);
        let transaction = acme.begin().await.expect("begun");
        molecule::Entity::update_many()
            .col_expr(molecule::Column::Name, Expr::val("changed"))
            .exec(&transaction)
            .await
            .expect("changed");
        drop(transaction);
    }
    assert_eq!(times_appended(&proxied.world).await, 0);
    let all = molecule::Entity::find().all(&acme).await.expect("an answer");
    assert!(all.iter().all(|molecule| molecule.name != "changed"));
    assert_eq!(proxied.pool.pool_statistics().counts.opened, 1, "nothing was in doubt");
}

#[tokio::test]
async fn a_refused_commit_gives_its_connection_back() {
    use sea_orm::IsolationLevel::Serializable;
    let proxied = Proxied::new(|builder| builder).await;
    let acme = proxied.acme();
    let (one, other) = (
        acme.begin_with_config(Some(Serializable), None).await.expect("begun"),
        acme.begin_with_config(Some(Serializable), None).await.expect("begun"),
    );
    for (transaction, id) in [(&one, BOTH_HAVE), (&other, uuid::Uuid::from_u128(2))] {
        // Each reads what the other changes.
        molecule::Entity::find().all(transaction).await.expect("an answer");
        let update = molecule::Entity::update_many().col_expr(molecule::Column::Name, Expr::val("changed"));
        update.filter(molecule::COLUMN.id.eq(id)).exec(transaction).await.expect("changed");
    }
    one.commit().await.expect("the first one wins");
    let failure = other.commit().await.expect_err("a cycle").to_string();
    assert!(failure.contains("could not serialize access"), "{failure}");
    proxied.is_healthy().await;
    let statistics = proxied.pool.pool_statistics();
    assert_eq!((statistics.counts.opened, statistics.counts.closed.len()), (2, 0), "nothing was in doubt");
}
