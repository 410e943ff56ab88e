//! An organisation that is being moved: its statements wait for the switch, and run once, at one of its homes; nobody else waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entities::molecule;
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseConnection, EntityTrait, Set, TransactionSession, TransactionTrait,
};
use tenant_core::{Organization, OrganizationStatus, RoutingError, TenantContext, TenantError, TenantRouter};
use uuid::Uuid;

use crate::routing::{Estate, Seen, organization, routing_error, tenant};
use crate::support::{application_role, execute, soon, texts};

/// Organisations 1 and 3 live at `a`, 2 at `b`, and `a` can be reached as a superuser.
async fn estate() -> (Estate, TenantRouter, DatabaseConnection) {
    let estate = Estate::new(&["a", "b"]).await;
    for (number, at) in [(1, "a"), (2, "b"), (3, "a")] {
        estate.catalog.put(organization(number, at));
    }
    let router = estate.router(&["a", "b"]).build().await.expect("a router");
    let admin = estate.databases[0].admin().await.expect("a superuser's connection");
    (estate, router, admin)
}

async fn fence(admin: &DatabaseConnection, state: &str) {
    let sql = format!(
        "BEGIN; DELETE FROM tenancy.fences; INSERT INTO tenancy.fences VALUES ('{}', '{state}');
         SELECT tenancy.raise_fences(); COMMIT",
        tenant(1)
    );
    execute(admin, &sql).await;
}

async fn lift(admin: &DatabaseConnection) {
    execute(admin, "BEGIN; DELETE FROM tenancy.fences; SELECT tenancy.raise_fences(); COMMIT").await;
}

/// Somebody who has the tenant's lock for as long as he lives, or nobody if a transaction of the tenant's is open.
async fn hold(estate: &Estate) -> Option<sqlx::PgConnection> {
    use sqlx::Connection;
    let mut mover = sqlx::PgConnection::connect(&estate.databases[0].superuser_url()).await.expect("a connection");
    sqlx::raw_sql("SET lock_timeout = '200ms'").execute(&mut mover).await.expect("set");
    let take = "SELECT pg_advisory_lock(tenancy.fence_key($1::uuid))";
    let taken = sqlx::query(take).bind(tenant(1).to_string()).execute(&mut mover).await;
    taken.is_ok().then_some(mover)
}

fn insertion(name: &str) -> molecule::ActiveModel {
    molecule::ActiveModel {
        id: Set(Uuid::new_v4()),
        external_ref: Set(name.to_owned()),
        name: Set(name.to_owned()),
        molecule_type: Set("Small molecule".to_owned()),
        ..Default::default()
    }
}

/// The name of the molecule that each database has.
async fn first(connection: &impl ConnectionTrait) -> String {
    let found = molecule::Entity::find_by_id(Uuid::from_u128(1)).one(connection).await;
    found.expect("an answer").expect("a molecule").name
}

fn is_fenced(error: &sea_orm::DbErr) -> bool {
    matches!(TenantError::of(error), Some(TenantError::Fenced { .. }))
}

#[tokio::test]
async fn what_a_closed_home_refuses_is_done_at_the_next() {
    let (estate, router, admin) = estate().await;
    let seen = Seen::by(&router, 1).await;
    assert_eq!(seen.at().await.expect("an answer"), "a");
    fence(&admin, "closed").await;
    let waiting = [
        tokio::spawn({
            let connection = seen.0.clone();
            async move { first(&connection).await }
        }),
        tokio::spawn({
            let connection = seen.0.clone();
            async move {
                let transaction = connection.begin().await.expect("a transaction");
                let found = first(&transaction).await;
                transaction.commit().await.expect("ended");
                found
            }
        }),
        tokio::spawn({
            let connection = seen.0.clone();
            async move { insertion("new").insert(&connection).await.map(|_| "b".to_owned()).expect("written") }
        }),
    ];
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(waiting.iter().all(|task| !task.is_finished()), "they wait");
    assert_eq!(Seen::by(&router, 3).await.at().await.expect("another's answer"), "a");
    estate.catalog.put(organization(1, "b"));
    for task in waiting {
        assert_eq!(soon("an answer", task).await.expect("no panic"), "b");
    }
    let written = "SELECT count(*)::text FROM molecules WHERE name = 'new'";
    assert_eq!(texts(&admin, written).await, ["0"]);
    assert_eq!(texts(&estate.databases[1].admin().await.expect("b"), written).await, ["1"]);
}

#[tokio::test]
async fn who_is_moving_is_waited_for_as_long_as_was_said() {
    let (estate, router, _admin) = estate().await;
    let seen = Seen::by(&router, 1).await;
    let impatient =
        estate.router(&["a", "b"]).wait_for_moves(Duration::from_millis(100)).build().await.expect("a router");
    let tired = Seen::by(&impatient, 1).await;
    estate.catalog.put(Organization { status: OrganizationStatus::Moving, ..organization(1, "a") });
    crate::support::until("it is known", async || tired.at().await.is_err()).await;
    let failure = tired.at().await.expect_err("too long");
    assert!(matches!(routing_error(&failure), RoutingError::Moving { tenant: who } if *who == tenant(1)), "{failure}");
    let waiting = tokio::spawn(async move { seen.at().await.expect("an answer") });
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(!waiting.is_finished(), "it waits");
    estate.catalog.put(organization(1, "b"));
    assert_eq!(soon("an answer", waiting).await.expect("no panic"), "b");
}

#[tokio::test]
async fn a_mover_that_gives_way_lets_them_go_on_where_they_are() {
    let (estate, router, admin) = estate().await;
    let seen = Seen::by(&router, 1).await;
    fence(&admin, "armed").await;
    assert_eq!(seen.at().await.expect("armed alone refuses nobody"), "a");
    let mover = hold(&estate).await.expect("the lock");
    let waiting = tokio::spawn({
        let seen = seen.clone();
        async move { seen.at().await.expect("an answer") }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished(), "it waits");
    assert_eq!(Seen::by(&router, 3).await.at().await.expect("another's answer"), "a");
    drop(mover);
    assert_eq!(soon("an answer", waiting).await.expect("no panic"), "a");
    lift(&admin).await;
    assert_eq!(seen.at().await.expect("an answer"), "a");
}

#[tokio::test]
async fn a_transaction_that_was_let_in_is_waited_for_and_never_refused() {
    let (estate, router, admin) = estate().await;
    let seen = Seen::by(&router, 1).await;
    fence(&admin, "armed").await;
    let transaction = seen.0.begin().await.expect("a transaction");
    assert!(hold(&estate).await.is_none(), "it is open, though it has done nothing");
    insertion("inside").insert(&transaction).await.expect("written");
    let nested = transaction.begin().await.expect("a savepoint");
    insertion("nested").insert(&nested).await.expect("written");
    nested.commit().await.expect("ended");
    assert!(hold(&estate).await.is_none(), "it is open");
    transaction.commit().await.expect("ended");
    assert!(hold(&estate).await.is_some(), "it has ended");
}

#[tokio::test]
async fn a_program_that_never_hears_of_the_move_neither_reads_nor_writes() {
    let (estate, _router, admin) = estate().await;
    let url = estate.databases[0].url(&application_role());
    let database = tenant_core::TenantDatabase::builder(&url).build().await.expect("a database");
    let connection = database.connect(TenantContext::new(tenant(1)));
    let found = molecule::Entity::find().all(&connection).await.expect("an answer");
    fence(&admin, "closed").await;
    let read = molecule::Entity::find().all(&connection).await.expect_err("closed");
    assert!(is_fenced(&read), "{read}");
    let write = insertion("late").insert(&connection).await.expect_err("closed");
    assert!(is_fenced(&write), "{write}");
    let begun = connection.begin().await.expect_err("closed");
    assert!(is_fenced(&begun), "{begun}");
    let others = database.connect(TenantContext::new(tenant(3)));
    assert_eq!(molecule::Entity::find().all(&others).await.expect("an answer").len(), 1);
    lift(&admin).await;
    assert_eq!(molecule::Entity::find().all(&connection).await.expect("an answer"), found);
}

#[tokio::test]
async fn the_system_connection_passes_over_who_has_moved_away() {
    let (estate, _router, admin) = estate().await;
    let asked = |sql: &'static str| {
        let database = &estate.databases[0];
        async move {
            use sqlx::Connection;
            let mut system = sqlx::PgConnection::connect(&database.url("tenancy_admin")).await.expect("a connection");
            sqlx::raw_sql("SET tenancy.reason = 'a test'").execute(&mut system).await.expect("set");
            let rows: Result<Vec<String>, _> = sqlx::query_scalar(sql).fetch_all(&mut system).await;
            rows.map_err(|error| error.as_database_error().and_then(|error| error.code()).map(String::from))
        }
    };
    let all = "SELECT DISTINCT organization_id::text FROM molecules ORDER BY 1";
    let before = asked(all).await.expect("rows");
    fence(&admin, "closed").await;
    let mut after = asked(all).await.expect("rows");
    after.push(tenant(1).to_string());
    after.sort();
    assert_eq!(after, before, "all but his");
    let renamed = "WITH done AS (UPDATE molecules SET name = 'theirs' RETURNING organization_id) SELECT organization_id::text FROM done";
    assert!(!asked(renamed).await.expect("rows").contains(&tenant(1).to_string()));
    fence(&admin, "armed").await;
    assert_eq!(asked(all).await.expect("rows"), before);
    let mover = hold(&estate).await.expect("the lock");
    assert_eq!(asked(all).await.expect_err("refused"), Some("TN001".to_owned()));
    drop(mover);
}

/// Eight writers, who count what they were told was written, while the organisation goes from `a` to `b`: every row is there, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_write_is_lost_doubled_or_refused_by_a_move() {
    let (estate, router, admin) = estate().await;
    let target = estate.databases[1].admin().await.expect("b");
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..8)
        .map(|writer: u32| {
            let (router, done) = (router.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let connection = Seen::by(&router, 1).await.0;
                let mut written = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let name = format!("w{writer}-{}", written.len());
                    if written.len() % 2 == 0 {
                        insertion(&name).insert(&connection).await.expect("written");
                    } else {
                        let transaction = connection.begin().await.expect("a transaction");
                        insertion(&name).insert(&transaction).await.expect("written");
                        transaction.commit().await.expect("committed");
                    }
                    written.push(name);
                }
                written
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    fence(&admin, "armed").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut mover = hold(&estate).await;
    while mover.is_none() {
        mover = hold(&estate).await;
    }
    fence(&admin, "closed").await;
    let columns = "id, organization_id, external_ref, name, molecule_type";
    let rows = texts(
        &admin,
        &format!("SELECT format('(%L, %L, %L, %L, %L)', {columns}) FROM molecules WHERE organization_id = '{}' AND name LIKE 'w%'", tenant(1)),
    )
    .await;
    execute(&target, &format!("INSERT INTO molecules ({columns}) VALUES {}", rows.join(", "))).await;
    estate.catalog.put(organization(1, "b"));
    drop(mover);
    tokio::time::sleep(Duration::from_millis(500)).await;
    done.store(true, Ordering::Relaxed);
    let mut written = Vec::new();
    for writer in writers {
        written.extend(soon("a writer's end", writer).await.expect("no write failed"));
    }
    written.sort();
    let found = format!(
        "SELECT name FROM molecules WHERE organization_id = '{}' AND name LIKE 'w%' ORDER BY name COLLATE \"C\"",
        tenant(1)
    );
    assert_eq!(texts(&target, &found).await, written);
    assert!(rows.len() < written.len(), "some were written after the switch");
    assert_eq!(texts(&admin, &found).await.len(), rows.len(), "and none at the home that was left");
}

/// A lock that a parallel worker takes ends with the worker: while one has to be taken the leader asks.
#[tokio::test]
async fn no_parallel_worker_asks_whether_it_may_pass() {
    let (estate, _router, admin) = estate().await;
    let safety = "SELECT string_agg(concat(proname, ' ', proparallel), ', ' ORDER BY proname) FROM pg_proc
        WHERE proname IN ('current_tenant', 'system_access', 'moved_away') AND pronamespace = 'tenancy'::regnamespace";
    let open = ["current_tenant s, moved_away s, system_access s"];
    assert_eq!(texts(&admin, safety).await, open);
    fence(&admin, "armed").await;
    assert_eq!(texts(&admin, safety).await, ["current_tenant r, moved_away s, system_access r"]);
    estate.router(&["a", "b"]).build().await.expect("that is no change of what isolation rests on");
    fence(&admin, "closed").await;
    assert_eq!(texts(&admin, safety).await, open);
    lift(&admin).await;
    assert_eq!(texts(&admin, safety).await, open);
}

fn names(all: Vec<sea_orm::QueryResult>) -> Vec<String> {
    all.iter().map(|row| row.try_get("", "name").expect("a name")).collect()
}

/// A stream that was refused before it gave a row gives those of the next home.
#[tokio::test]
async fn a_stream_is_begun_where_the_tenant_lives() {
    use futures_util::TryStreamExt;
    use sea_orm::{DbBackend, Statement, StreamTrait};
    let (estate, router, admin) = estate().await;
    let connection = Seen::by(&router, 1).await.0;
    let all = || Statement::from_string(DbBackend::Postgres, "SELECT name FROM molecules");
    let stream = connection.stream_raw(all()).await.expect("a stream");
    fence(&admin, "closed").await;
    {
        let reading = stream.try_collect::<Vec<_>>();
        tokio::pin!(reading);
        let early = tokio::time::timeout(Duration::from_millis(200), &mut reading).await;
        assert!(early.is_err(), "it waits");
        estate.catalog.put(organization(1, "b"));
        assert_eq!(names(soon("the rows", reading).await.expect("rows")), ["b"]);
    }
    // Who knows no other home is told.
    let url = estate.databases[0].url(&application_role());
    let database = tenant_core::TenantDatabase::builder(&url).build().await.expect("a database");
    let stale = database.connect(TenantContext::new(tenant(1)));
    let refused = stale.stream_raw(all()).await.expect("a stream").try_collect::<Vec<_>>().await;
    assert!(is_fenced(&refused.expect_err("closed")));
}

/// What was refused was no read, and what is read at the next home is one.
#[tokio::test]
async fn a_read_that_is_waited_for_is_logged_once() {
    use futures_util::TryStreamExt;
    use sea_orm::{DbBackend, Statement, StreamTrait};
    let (estate, router, admin) = estate().await;
    let connection = Seen::by(&router, 1).await.0;
    fence(&admin, "closed").await;
    let all = Statement::from_string(DbBackend::Postgres, "SELECT id FROM docking_jobs");
    let waiting = [
        tokio::spawn({
            let (connection, all) = (connection.clone(), all.clone());
            async move { connection.query_all_raw(all).await.expect("an answer").len() }
        }),
        tokio::spawn({
            let (connection, all) = (connection.clone(), all.clone());
            async move {
                let stream = connection.stream_raw(all).await.expect("a stream");
                stream.try_collect::<Vec<_>>().await.expect("rows").len()
            }
        }),
    ];
    tokio::time::sleep(Duration::from_millis(200)).await;
    estate.catalog.put(organization(1, "b"));
    for task in waiting {
        assert_eq!(soon("an answer", task).await.expect("no panic"), 0);
    }
    // One that is given up was no read either.
    let url = estate.databases[0].url(&application_role());
    let database = tenant_core::TenantDatabase::builder(&url).build().await.expect("a database");
    let stale = database.connect(TenantContext::new(tenant(1)));
    assert!(is_fenced(&stale.query_all_raw(all).await.expect_err("closed")));
    router.close().await;
    database.close().await;
    let entries = "SELECT kind FROM tenancy.access_log WHERE 'public.docking_jobs' = ANY (tables) AND kind = 'read'";
    assert_eq!(texts(&admin, entries).await, [""; 0]);
    assert_eq!(texts(&estate.databases[1].admin().await.expect("b"), entries).await, ["read", "read"]);
}

/// The server said that nothing was done: the connection serves the next one.
#[tokio::test]
async fn a_refused_transaction_costs_no_connection() {
    let (estate, _router, admin) = estate().await;
    let url = estate.databases[0].url(&application_role());
    let database = tenant_core::TenantDatabase::builder(&url).build().await.expect("a database");
    let (stale, other) = (TenantContext::new(tenant(1)), TenantContext::new(tenant(3)));
    let (stale, other) = (database.connect(stale), database.connect(other));
    fence(&admin, "closed").await;
    for _ in 0..20 {
        assert!(is_fenced(&stale.begin().await.expect_err("closed")));
        let transaction = other.begin().await.expect("begun");
        assert_eq!(first(&transaction).await, "a");
        transaction.commit().await.expect("ended");
    }
    let statistics = database.pool_statistics();
    let closed: u64 = statistics.counts.closed.values().sum();
    assert!(closed == 0 && statistics.counts.opened <= 4, "{statistics:?}");
}
