//! A future that is dropped at any of its points leaves nothing behind: no open transaction, no connection that is bound to
//! another tenant, no place lost in the pool, no write that was promised and is not there.

use std::thread;
use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tenant_core::TenantContext;
use tenant_core::session::TENANT_VARIABLE;
use tenant_testkit::cancellation::CutPoint;

use crate::cancellation::{Access, Fault, Ground, Harness, NaiveAffinity, Operation, Textbook, tenant};
use crate::support::{Dice, number};

/// Each with a database, a pool and a thread of its own; the first one's pool has one connection, the second one's two.
const WORKERS: usize = 2;

async fn every_operation_at_every_point(connections: usize) {
    let start = Instant::now();
    let ground = Ground::new().await;
    let tenants = ground.tenants(connections).await;
    let mut harness = Harness::new(&ground, tenants, connections);
    let mut cuts = 0;
    for operation in Operation::ALL {
        let points = harness.every_point(operation).await.unwrap_or_else(|found| panic!("{found}"));
        println!("{connections} connections, {operation:?}: {points} cuts");
        cuts += points;
    }
    println!("{connections} connections: {cuts} cuts in {:.1} s", start.elapsed().as_secs_f64());
    // Each is cut before its first poll in six ways, and where answers take time at one wait or more in four.
    assert!(cuts >= Operation::ALL.len() * 10, "operations have more points than {cuts} together");
}

#[tokio::test]
async fn every_operation_at_every_point_on_one_connection() {
    every_operation_at_every_point(1).await;
}

#[tokio::test]
async fn every_operation_at_every_point_on_two_connections() {
    every_operation_at_every_point(2).await;
}

fn work(worker: usize, seed: u64, count: u64) -> Result<u64, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ground = Ground::new().await;
        let connections = worker + 1;
        let tenants = ground.tenants(connections).await;
        let mut dice = Dice::new(seed.wrapping_add(worker as u64));
        let cut = Harness::new(&ground, tenants, connections).random(&mut dice, count).await;
        cut.map_err(|found| format!("CANCELLATION_SEED={seed}, {connections} connections: {found}"))
    })
}

#[test]
fn random_operations_at_random_points() {
    let (seed, count) = (number("CANCELLATION_SEED", 1), number("CANCELLATIONS", 600));
    println!("CANCELLATION_SEED={seed}, {count} operations");
    let start = Instant::now();
    let share = count.div_ceil(WORKERS as u64);
    let cuts: Result<Vec<u64>, String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(move || work(worker, seed, share))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });
    let cuts: u64 = cuts.unwrap_or_else(|found| panic!("{found}")).iter().sum();
    let seconds = start.elapsed().as_secs_f64();
    println!("{cuts} of them cut, in {seconds:.1} s: {:.0} a second", count as f64 / seconds);
    assert!(cuts * 3 > count, "many are cut, not {cuts} of {count}");
}

/// SeaORM's own pool of one connection.
async fn ordinary_pool(ground: &Ground) -> DatabaseConnection {
    let mut options = ConnectOptions::new(ground.url());
    options.max_connections(1).test_before_acquire(false).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("a pool")
}

/// The negative control: sqlx 0.9.0 gives a connection back whose BEGIN was sent, and nobody waited for.
#[tokio::test]
async fn the_harness_finds_what_a_begin_leaves_on_an_ordinary_pool() {
    let ground = Ground::new().await;
    let mut harness = Harness::new(&ground, Textbook(ordinary_pool(&ground).await), 1);
    let found = harness.every_point(Operation::Begin).await.expect_err("an open transaction on an idle connection");
    assert!(matches!(found.fault, Fault::LeftInTransaction { .. }), "{found}");
}

/// And what it leads to: a binding for one transaction is there for whoever comes next.
#[tokio::test]
async fn on_an_ordinary_pool_the_next_binding_outlives_its_statement() {
    let ground = Ground::new().await;
    let textbook = Textbook(ordinary_pool(&ground).await);
    let bound = || async {
        let sql = format!("SELECT current_setting('{TENANT_VARIABLE}', true)");
        let row = textbook.0.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect("an answer");
        row.expect("a row").try_get_by_index::<Option<String>>(0).expect("a text").unwrap_or_default()
    };
    let first = textbook.connect(TenantContext::new(tenant(0)));
    // BEGIN is on its way when it is cut: at the first poll, or the second if the connection was not back at the first.
    ground.distance(Duration::from_millis(20));
    for polls in [1, 2] {
        assert_eq!(bound().await, "");
        drop(CutPoint::after(polls).cut(Textbook::begin(&first)).await);
        // "Local" to a statement's own transaction, had no other been open.
        let sql = format!("SELECT set_config('{TENANT_VARIABLE}', '{}', true)", tenant(1));
        textbook.0.execute_unprepared(&sql).await.expect("an answer");
        if bound().await == tenant(1).to_string() {
            return;
        }
    }
    panic!("no binding outlived its statement");
}

/// The other negative control: a connection that keeps a tenant's binding shows it to a neighbour if a cut is not thought of.
#[tokio::test]
async fn the_harness_finds_a_binding_that_was_cut_half_way() {
    let ground = Ground::new().await;
    let mut harness = Harness::new(&ground, NaiveAffinity::new(ordinary_pool(&ground).await), 1);
    let found = harness.every_point(Operation::Bind).await.expect_err("a neighbour's rows");
    assert!(matches!(found.fault, Fault::WrongTenant { .. }), "{found}");
}
