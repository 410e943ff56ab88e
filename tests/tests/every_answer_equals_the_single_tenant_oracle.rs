//! Whatever a tenant runs gives what it would give on a database that holds only that tenant's rows.

use std::env;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use sea_orm::Statement;
use tenant_core::{Registry, Rewriter, ScopeError, TenantId};
use tenant_testkit::oracle::{Databases, Failure, Oracle, Tally, Wall, batch, statement};

use crate::support::{World, application_role};

/// How many statements share their data.
const BATCH: usize = 250;
/// Threads, each with databases of its own.
const WORKERS: u64 = 2;

async fn oracle(walls: &[Wall]) -> Oracle {
    let databases = Databases::create(World::empty().await, &application_role()).await.expect("databases");
    Oracle::new(databases, walls)
}

fn rewrite() -> impl Fn(Statement, TenantId) -> Result<Statement, ScopeError> + Clone {
    let rewriter = Rewriter::new(Arc::new(Registry::collect().expect("the sample's models")));
    move |statement, tenant| rewriter.scope(statement, tenant).map(|scoped| scoped.statement)
}

/// A number from the environment.
fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| text.parse().expect(variable))
}

/// Every `WORKERS`-th batch, on a thread of its own; and the batches that failed.
fn work(worker: u64, seed: u64, batches: u64) -> (Tally, Vec<Failure>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut oracle = oracle(&Wall::ALL).await;
        let rewrite = rewrite();
        let mut failures = Vec::new();
        for number in (worker..batches).step_by(usize::try_from(WORKERS).expect("few")) {
            let compared = batch(&mut oracle, seed.wrapping_add(number), BATCH, &statement::any(), &rewrite).await;
            failures.extend(compared.err());
        }
        (oracle.tally, failures)
    })
}

#[test]
fn behind_each_wall() {
    let seed = number("ORACLE_SEED", 1);
    let batches = number("ORACLE_STATEMENTS", 5_000).div_ceil(BATCH as u64);
    println!("ORACLE_SEED={seed}, {batches} batches of {BATCH} statements");
    let start = Instant::now();
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(move || work(worker, seed, batches))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });
    let (mut tally, mut failed) = (Tally::default(), 0);
    for (part, failures) in results {
        tally += part;
        failed += failures.len();
        failures.iter().for_each(|failure| println!("{failure}\n"));
    }
    println!("{tally}\nin {:.1} s", start.elapsed().as_secs_f64());
    assert_eq!(failed, 0, "batches that differ, of {batches} from ORACLE_SEED={seed}");
    for (kind, valid, accepted) in [("read", 85, 80), ("write", 60, 80)] {
        let counts = tally.of(kind);
        assert!(counts.percent(counts.valid) >= valid, "{kind}: {counts}");
        assert!(counts.percent(counts.accepted) >= accepted, "{kind}: {counts}");
    }
}
