//! Behind a pooler that gives server connections to its clients by turns, a session's binding would reach another client: such
//! a database is refused, and where only transactions are bound nothing crosses over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use entities::molecule;
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, TransactionSession, TransactionTrait,
};
use tenant_core::{
    BindingMode, DatabaseError, TenantConnection, TenantContext, TenantDatabase, TenantDatabaseBuilder, TenantId,
};
use tenant_testkit::{PgBouncer, PgBouncerBuilder, PoolMode};
use uuid::Uuid;

use crate::support::{World, application_role, execute, own_server, texts};

/// Tenants that work at once.
const TENANTS: u32 = 16;

/// Statements and transactions of each.
const ROUNDS: u32 = 12;

/// The start-up settings that a connection in session mode asks for, let pass.
const LENIENT: (&str, &str) = ("ignore_startup_parameters", "extra_float_digits,options");

/// The world behind a PgBouncer.
struct Bounced {
    world: World,
    bouncer: PgBouncer,
}

impl Bounced {
    async fn new(mode: PoolMode, settings: impl FnOnce(PgBouncerBuilder) -> PgBouncerBuilder) -> Self {
        let world = World::on(own_server().await).await;
        let bouncer = settings(PgBouncer::builder(world.database.cluster()).pool_mode(mode).pool_size(2));
        Self { world, bouncer: bouncer.start().await.expect("a PgBouncer") }
    }

    fn url(&self) -> String {
        self.bouncer.url(&application_role(), self.world.database.name())
    }

    fn builder(&self) -> TenantDatabaseBuilder {
        TenantDatabase::builder(self.url()).registry(self.world.registry.clone())
    }
}

#[tokio::test]
async fn binding_sessions_is_refused_behind_a_transaction_pooler() {
    let bounced = Bounced::new(PoolMode::Transaction, |builder| builder.setting(LENIENT.0, LENIENT.1)).await;
    let failure = bounced.builder().build().await.expect_err("a refusal");
    assert!(matches!(failure, DatabaseError::Pooler { .. }), "{failure}");
    let text = failure.to_string();
    assert!(text.contains("BindingMode::Transaction") && text.contains("share server processes"), "{text}");
}

#[tokio::test]
async fn binding_sessions_is_refused_while_others_keep_the_pooler_busy() {
    let bounced = Bounced::new(PoolMode::Transaction, |builder| builder.setting(LENIENT.0, LENIENT.1)).await;
    let others = bounced.builder().binding_mode(BindingMode::Transaction).build().await.expect("a safe database");
    let others = others.connect(TenantContext::new(bounced.world.beta.id));
    let busy = tokio::spawn(async move {
        loop {
            molecule::Entity::find().all(&others).await.expect("an answer");
        }
    });
    for _ in 0..5 {
        let failure = bounced.builder().build().await.expect_err("a refusal");
        assert!(matches!(failure, DatabaseError::Pooler { .. }), "{failure}");
    }
    assert!(!busy.is_finished());
    busy.abort();
}

#[tokio::test]
async fn a_pooler_that_refuses_our_start_up_settings_is_named_as_one() {
    let bounced = Bounced::new(PoolMode::Transaction, |builder| builder).await;
    let failure = bounced.builder().build().await.expect_err("a refusal");
    assert!(matches!(failure, DatabaseError::Pooler { .. }), "{failure}");
    assert!(failure.to_string().contains("unsupported startup parameter"), "{failure}");
}

#[tokio::test]
async fn a_pooler_of_whole_sessions_is_as_good_as_none() {
    let bounced = Bounced::new(PoolMode::Session, |builder| builder.setting(LENIENT.0, LENIENT.1)).await;
    let pool = bounced.builder().max_connections(1).build().await.expect("sessions are apart");
    for organization in [&bounced.world.acme, &bounced.world.beta, &bounced.world.acme] {
        let db = pool.connect(TenantContext::new(organization.id));
        let all = molecule::Entity::find().all(&db).await.expect("an answer");
        assert!(all.len() == 3 && all.iter().all(|molecule| molecule.organization_id == organization.id));
    }
}

#[tokio::test]
async fn many_tenants_on_two_server_connections_stay_apart() {
    let bounced = Bounced::new(PoolMode::Transaction, |builder| builder).await;
    let world = &bounced.world;
    let insert = format!(
        "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type)
         SELECT lpad(n::text, 32, '0')::uuid, lpad(t::text, 32, '0')::uuid, 'REF-' || n, 'of ' || t, 'Small molecule'
         FROM generate_series(1001, {last}) t, generate_series(1, t - 1000) n",
        last = 1000 + TENANTS
    );
    execute(&world.admin, &insert).await;
    let pool = bounced.builder().binding_mode(BindingMode::Transaction).max_connections(10).build().await;
    let pool = Arc::new(pool.expect("a safe database"));
    let tasks = (1..=TENANTS).map(|number| {
        let pool = Arc::clone(&pool);
        async move {
            // As the rows' are: the number's digits.
            let id: Uuid = format!("{:0>32}", 1000 + number).parse().expect("digits");
            let db = pool.connect(TenantContext::new(TenantId::new(id)));
            tokio::spawn(work(db, number)).await.expect("no panic")
        }
    });
    try_join_all(tasks).await.expect("every statement is answered");
    assert_eq!(pool.pool_statistics().counts.bound_hits, 0, "no session is ever bound");
    nothing_is_left_behind(&bounced).await;
}

/// Reads and writes in all ways, and looks at every row.
async fn work(db: TenantConnection, rows: u32) -> Result<(), DbErr> {
    let tenant = db.context().tenant();
    let is_own = |molecule: &molecule::Model| molecule.organization_id == tenant;
    for round in 0..ROUNDS {
        let all = molecule::Entity::find().all(&db).await?;
        assert!(all.len() as u32 == rows + round && all.iter().all(is_own), "{tenant}: {all:?}");
        let streamed: Vec<molecule::Model> = molecule::Entity::find().stream(&db).await?.try_collect().await?;
        assert!(streamed.len() as u32 == rows + round && streamed.iter().all(is_own));
        let new = molecule::ActiveModel {
            id: Set(Uuid::from_u128(u128::from(9000 + round))),
            external_ref: Set(format!("NEW-{round}")),
            name: Set("new".to_owned()),
            molecule_type: Set("Small molecule".to_owned()),
            ..Default::default()
        };
        if round % 2 == 0 {
            new.insert(&db).await?;
        } else {
            let transaction = db.begin().await?;
            let made = new.insert(&transaction).await?;
            assert!(is_own(&made));
            let new = molecule::Entity::find().filter(molecule::COLUMN.name.eq("new"));
            assert_eq!(new.count(&transaction).await?, u64::from(round + 1));
            transaction.commit().await?;
        }
    }
    Ok(())
}

/// No transaction is open, no server connection is bound, and none keeps a prepared statement.
async fn nothing_is_left_behind(bounced: &Bounced) {
    let open = "SELECT pid::text FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'tenancy_app' AND state <> 'idle'";
    let deadline = Instant::now() + Duration::from_secs(5);
    while !texts(&bounced.world.admin, open).await.is_empty() {
        assert!(Instant::now() < deadline, "{:?}", texts(&bounced.world.admin, open).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut clients = Vec::new();
    for _ in 0..2 {
        let options: sqlx::postgres::PgConnectOptions = bounced.url().parse().expect("a URL");
        let mut client =
            sqlx::ConnectOptions::connect(&options.extra_float_digits(None)).await.expect("a client of the pooler");
        // Held, so that the next one is given the other server connection.
        sqlx::raw_sql("BEGIN").execute(&mut client).await.expect("begun");
        let question = "SELECT coalesce(current_setting('tenancy.tenant_id', true), '')";
        let row = sqlx::raw_sql(question).fetch_one(&mut client).await.expect("an answer");
        assert_eq!(sqlx::Row::get::<String, _>(&row, 0), "");
        let kept =
            sqlx::raw_sql("DEALLOCATE sqlx_s_1").execute(&mut client).await.expect_err("nothing was prepared by name");
        assert_eq!(kept.as_database_error().and_then(|error| error.code()).as_deref(), Some("26000"), "{kept}");
        clients.push(client);
    }
}
