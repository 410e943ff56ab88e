//! Each organisation's statements have the timeouts of its tier, and nobody else's, on whatever connection they run.

use std::time::{Duration, Instant};

use entities::molecule;
use sea_orm::sea_query::Expr;
use sea_orm::{DbErr, EntityTrait, RuntimeErr, TransactionSession, TransactionTrait};
use tenant_core::{
    BindingMode, CloseReason, PoolSettingsError, TenantConnection, TenantContext, TenantDatabase,
    TenantDatabaseBuilder, TenantError, Tier, TierLimits,
};
use tenant_testkit::{PgBouncer, PoolMode};

use crate::support::{
    World, application_role, backends, execute, names_tell, own_server, owners, pool_named, soon, until, what_is_told,
};

const TOLD: &str = "current_setting('statement_timeout') || '/' || current_setting('lock_timeout') || '/' ||
                    current_setting('idle_in_transaction_session_timeout')";

/// What is told for each tier that [`limited`] knows.
const SMALL: &str = "2s/700ms/40s";
const MEDIUM: &str = "3s/5s/1min";
/// The role's own.
const LARGE: &str = "30s/5s/1min";

fn limited(builder: TenantDatabaseBuilder) -> TenantDatabaseBuilder {
    let small = TierLimits::of(Tier::Small)
        .statement_timeout(Duration::from_secs(2))
        .lock_timeout(Duration::from_millis(700))
        .idle_in_transaction_timeout(Duration::from_secs(40));
    let medium = TierLimits::of(Tier::Medium).statement_timeout(Duration::from_secs(3));
    builder.tier(Tier::Small, small).tier(Tier::Medium, medium)
}

/// Reads in turns, so that on one connection each comes after each.
async fn each_has_its_own(world: &World, database: &TenantDatabase) {
    names_tell(world, TOLD).await;
    let [acme, beta] = [&world.acme, &world.beta].map(|of| database.connect(TenantContext::new(of.id)));
    let tiers = [(Tier::Small, SMALL), (Tier::Medium, MEDIUM), (Tier::Large, LARGE)];
    for (tier, own) in tiers {
        for (other_tier, others) in tiers {
            let (db, other) = (acme.clone().tier(tier), beta.clone().tier(other_tier));
            assert_eq!(what_is_told(&db).await, own);
            assert_eq!(what_is_told(&other).await, others, "after a tenant of tier {tier}");
            assert_eq!(what_is_told(&db.clone().tier(other_tier)).await, others, "the tenant has changed its tier");
            let transaction = db.begin().await.expect("a transaction");
            assert_eq!(what_is_told(&transaction).await, own, "in a session of tier {other_tier}");
            transaction.commit().await.expect("committed");
            assert_eq!(what_is_told(&other).await, others, "after a transaction of tier {tier}");
        }
    }
}

#[tokio::test]
async fn on_one_connection_that_stays_bound() {
    let world = World::new().await;
    let database = limited(pool_named(&world, "limited").max_connections(1)).build().await.expect("a database");
    each_has_its_own(&world, &database).await;
    assert_eq!(database.pool_statistics().counts.opened, 1);
}

#[tokio::test]
async fn on_one_connection_behind_a_transaction_pooler() {
    let world = World::on(own_server().await).await;
    let bouncer = PgBouncer::builder(world.database.cluster()).pool_mode(PoolMode::Transaction).pool_size(1);
    let bouncer = bouncer.start().await.expect("a PgBouncer");
    let url = bouncer.url(&application_role(), world.database.name());
    let build = async |limit: fn(TenantDatabaseBuilder) -> TenantDatabaseBuilder| {
        let builder = TenantDatabase::builder(url.clone()).registry(world.registry.clone()).max_connections(2);
        limit(builder).binding_mode(BindingMode::Transaction).build().await.expect("a database")
    };
    // Another program on the same server connection, without limits.
    let (database, plain) = (build(limited).await, build(|builder| builder).await);
    each_has_its_own(&world, &database).await;
    assert_eq!(what_is_told(&plain.connect(TenantContext::new(world.acme.id))).await, LARGE);
}

/// The database's code of why the statement failed.
fn code(failure: &DbErr) -> Option<String> {
    let (DbErr::Query(RuntimeErr::SqlxError(driver)) | DbErr::Exec(RuntimeErr::SqlxError(driver))) = failure else {
        return None;
    };
    driver.as_database_error()?.code().map(Into::into)
}

async fn write(db: &TenantConnection) -> Result<u64, DbErr> {
    let update = molecule::Entity::update_many().col_expr(molecule::Column::Name, Expr::value("new"));
    update.exec(db).await.map(|result| result.rows_affected)
}

/// A database of one connection whose small tenants have these limits.
async fn database(world: &World, small: TierLimits) -> (TenantDatabase, TenantConnection) {
    let builder = pool_named(world, "limited").max_connections(1).tier(Tier::Small, small);
    let database = builder.build().await.expect("a database");
    let acme = database.connect(TenantContext::new(world.acme.id));
    (database, acme)
}

#[tokio::test]
async fn what_takes_too_long_is_cancelled() {
    let world = World::new().await;
    let small = TierLimits::of(Tier::Small).statement_timeout(Duration::from_millis(200));
    let (database, acme) = database(&world, small).await;
    let blocker = world.admin.begin().await.expect("a transaction");
    execute(&blocker, "LOCK molecules").await;
    let since = Instant::now();
    let failure = owners(&acme).await.expect_err("cancelled");
    assert_eq!(code(&failure).as_deref(), Some("57014"), "{failure}");
    assert!(since.elapsed() >= Duration::from_millis(190), "{:?}", since.elapsed());
    let transaction = acme.begin().await.expect("a transaction");
    let failure = molecule::Entity::find().all(&transaction).await.expect_err("cancelled");
    assert_eq!(code(&failure).as_deref(), Some("57014"), "{failure}");
    let failure = transaction.commit().await.expect_err("nothing is kept");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::TransactionFailed)), "{failure}");
    // The same tenant, of another tier from now on, has the time.
    let patient = tokio::spawn({
        let acme = acme.clone().tier(Tier::Large);
        async move { owners(&acme).await }
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    blocker.rollback().await.expect("rolled back");
    assert_eq!(soon("an answer", patient).await.expect("a task").expect("rows"), [world.acme.id]);
    assert_eq!(database.pool_statistics().counts.opened, 1, "no connection was lost for it");
}

#[tokio::test]
async fn what_waits_for_a_lock_for_too_long_fails() {
    let world = World::new().await;
    let small = TierLimits::of(Tier::Small).lock_timeout(Duration::from_millis(200));
    let (_database, acme) = database(&world, small).await;
    let blocker = world.admin.begin().await.expect("a transaction");
    execute(&blocker, "LOCK molecules IN SHARE MODE").await;
    let failure = write(&acme).await.expect_err("it waited");
    assert_eq!(code(&failure).as_deref(), Some("55P03"), "{failure}");
    blocker.rollback().await.expect("rolled back");
    assert_eq!(write(&acme).await.expect("written"), 3);
}

#[tokio::test]
async fn a_transaction_that_is_idle_for_too_long_is_lost() {
    let world = World::new().await;
    let small = TierLimits::of(Tier::Small).idle_in_transaction_timeout(Duration::from_millis(200));
    let (database, acme) = database(&world, small).await;
    let transaction = acme.begin().await.expect("a transaction");
    until("the server has ended it", async || backends(&world.admin, "limited").await.is_empty()).await;
    let failure = molecule::Entity::find().all(&transaction).await.expect_err("ended");
    // The server's last word, or on a Unix socket that nobody listens any more.
    assert!(matches!(code(&failure).as_deref(), Some("25P03") | None), "{failure}");
    let failure = transaction.commit().await.expect_err("lost");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::TransactionLost)), "{failure}");
    assert_eq!(database.pool_statistics().counts.closed[&CloseReason::Broken], 1);
    // A large one's may be idle for longer.
    let transaction = acme.clone().tier(Tier::Large).begin().await.expect("a transaction");
    tokio::time::sleep(Duration::from_millis(600)).await;
    molecule::Entity::find().all(&transaction).await.expect("it goes on");
    transaction.commit().await.expect("committed");
}

/// Until a session is bound anew it has the timeouts of whoever used it last. Here binding waits, as on a busy machine.
#[tokio::test]
async fn a_small_ones_timeouts_do_not_end_what_binds_the_connection_for_a_large_one() {
    for timeouts in [TierLimits::statement_timeout, TierLimits::lock_timeout] {
        for transaction in [true, false] {
            let world = World::new().await;
            let small = timeouts(TierLimits::of(Tier::Small), Duration::from_millis(200));
            let (database, acme) = database(&world, small).await;
            assert_eq!(owners(&acme).await.expect("bound"), [world.acme.id]);
            // The function that binds is to be looked up anew, where nobody can look.
            execute(&world.admin, "ALTER FUNCTION pg_catalog.set_config(text, text, bool) COST 2").await;
            let blocker = world.admin.begin().await.expect("a transaction");
            execute(&blocker, "LOCK pg_proc").await;
            let beta = database.connect(TenantContext::new(world.beta.id)).tier(Tier::Large);
            let waiting = tokio::spawn(async move {
                if transaction { beta.begin().await?.commit().await } else { owners(&beta).await.map(drop) }
            });
            tokio::time::sleep(Duration::from_millis(700)).await;
            blocker.rollback().await.expect("rolled back");
            soon("an answer", waiting).await.expect("a task").expect("it had the time");
            assert_eq!(database.pool_statistics().counts.opened, 2, "the hurried connection was given up");
        }
    }
}

#[tokio::test]
async fn timeouts_that_cannot_be_are_refused() {
    type Set = fn(TierLimits, Duration) -> TierLimits;
    let refusal = async |limits: TierLimits| {
        let builder = TenantDatabase::builder("postgres://nobody@127.0.0.1:1/none").tier(Tier::Medium, limits);
        match builder.answer_timeout(Duration::from_secs(60)).build().await.expect_err("unusable settings") {
            tenant_core::DatabaseError::Settings(error) => error,
            other => panic!("{other}"),
        }
    };
    let medium = TierLimits::of(Tier::Medium);
    let sets: [(&str, Set); 3] = [
        ("statement_timeout", TierLimits::statement_timeout),
        ("lock_timeout", TierLimits::lock_timeout),
        ("idle_in_transaction_timeout", TierLimits::idle_in_transaction_timeout),
    ];
    for (setting, set) in sets {
        // The server takes 0, which less than a millisecond would become, for no limit at all.
        for given in [Duration::ZERO, Duration::from_micros(999), Duration::from_millis(1 << 31)] {
            let error = refusal(set(medium, given)).await;
            assert_eq!(error, PoolSettingsError::TierTimeout { tier: Tier::Medium, setting, given });
            let text = error.to_string();
            assert!(text.contains(setting) && text.contains("tier medium") && text.contains("at least 1 ms"), "{text}");
        }
    }
    let (given, answer_timeout) = (Duration::from_secs(60), Duration::from_secs(60));
    let error = refusal(medium.statement_timeout(given)).await;
    assert_eq!(error, PoolSettingsError::StatementTimeoutTooLong { tier: Tier::Medium, given, answer_timeout });
    assert!(error.to_string().contains("raise answer_timeout"), "{error}");
}
