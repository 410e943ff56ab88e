//! Under the traffic of many tenants on a small pool, with requests that time out half-way, every row that is read is one of
//! the tenant that asked for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use entities::molecule;
use sea_orm::EntityTrait;
use tenant_core::{TenantContext, TenantDatabase};
use tokio::time::timeout;

use crate::soak::{Failure, Mismatch, Request, Seal, Tally, Town, Zipf, tenant};
use crate::support::{Dice, number};

const TENANTS: usize = 1_000;
const ROWS_OF_EACH: u64 = 20;
const TASKS: u64 = 64;
const CONNECTIONS: u32 = 8;

/// How many of a hundred requests time out early, unless they are quick: so many that at least five are cut.
const CUT_PERCENT: u64 = 8;

/// The longest of these timeouts: up to about as long as a request takes.
const LONGEST_TIMEOUT_US: u64 = 2_000;

/// A request that is not cut and takes longer has lost its place.
const DEADLINE: Duration = Duration::from_secs(30);

/// What all tasks share.
struct Soak {
    town: Town,
    database: TenantDatabase,
    zipf: Zipf,
    tally: Tally,
    rows: u64,
    failed: AtomicBool,
}

impl Soak {
    /// One request after the other, until all rows are verified or another task's request failed.
    async fn work(&self, mut dice: Dice) -> Result<(), (Request, usize, Failure)> {
        while Tally::of(&self.tally.rows) < self.rows && !self.failed.load(Ordering::Relaxed) {
            let number = self.zipf.pick(&mut dice);
            let db = self.database.connect(TenantContext::new(tenant(number)));
            let request = Request::of(&mut dice, &self.town);
            let cut = dice.below(100) < CUT_PERCENT;
            let patience = if cut { Duration::from_micros(dice.below(LONGEST_TIMEOUT_US)) } else { DEADLINE };
            Tally::add(&self.tally.requests);
            match timeout(patience, request.run(&db, tenant(number), &self.town, &self.tally)).await {
                Ok(Ok(())) => {}
                Err(_) if cut => Tally::add(&self.tally.cut),
                Ok(Err(failure)) => {
                    self.failed.store(true, Ordering::Relaxed);
                    return Err((request, number, failure));
                }
                Err(_) => {
                    self.failed.store(true, Ordering::Relaxed);
                    panic!("{request:?} of tenant {number} takes longer than {DEADLINE:?}");
                }
            }
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_read_and_whenever_it_is_cut() {
    let (seed, rows) = (number("SOAK_SEED", 1), number("SOAK_ROWS", 150_000));
    println!("SOAK_SEED={seed}, {rows} rows");
    let town = Town::new(TENANTS, ROWS_OF_EACH, Seal::new(seed)).await;
    let database = TenantDatabase::builder(town.url())
        .max_connections(CONNECTIONS)
        // All tasks wait for few connections, on a machine that may be busy.
        .acquire_timeout(DEADLINE)
        .build()
        .await
        .expect("a safe database");
    let start = Instant::now();
    let (zipf, tally, failed) = (Zipf::new(town.tenants), Tally::default(), AtomicBool::new(false));
    let soak = Arc::new(Soak { town, database, zipf, tally, rows, failed });
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let soak = Arc::clone(&soak);
            let dice = Dice::new(seed.wrapping_mul(TASKS).wrapping_add(task));
            tokio::spawn(async move { soak.work(dice).await })
        })
        .collect();
    for task in tasks {
        if let Err((request, number, failure)) = task.await.expect("a task") {
            panic!("SOAK_SEED={seed}: {request:?} of tenant {number}: {failure}");
        }
    }
    let (tally, seconds) = (&soak.tally, start.elapsed().as_secs_f64());
    println!("{tally}, 0 mismatches, in {seconds:.1} s: {:.0} rows a second", Tally::of(&tally.rows) as f64 / seconds);
    assert!(Tally::of(&tally.writes) > 0 && Tally::of(&tally.cut) > 0, "nothing was written, or nothing cut: {tally}");
}

/// The negative control: a row under a wrong tenant is seen by its column, and where that lies, by its checksums.
#[tokio::test]
async fn a_neighbours_row_is_seen() {
    let seal = Seal::new(7);
    let town = Town::new(2, 1, seal).await;
    let database = TenantDatabase::builder(town.url()).build().await.expect("a safe database");
    let db = database.connect(TenantContext::new(tenant(0)));
    let own = molecule::Entity::find().one(&db).await.expect("an answer").expect("a row");
    seal.check(tenant(0), &own).expect("its own row");
    let column = |mismatch: Result<(), Box<Mismatch>>| mismatch.expect_err("a neighbour's").column();
    assert_eq!(column(seal.check(tenant(1), &own)), "organization_id");
    let forged = molecule::Model { organization_id: tenant(1), ..own.clone() };
    assert_eq!(column(seal.check(tenant(1), &forged)), "external_ref");
    let external_ref = seal.external_ref(tenant(1), own.id);
    let forged = molecule::Model { organization_id: tenant(1), external_ref, ..own.clone() };
    assert_eq!(column(seal.check(tenant(1), &forged)), "name");
    assert_eq!(column(Seal::new(8).check(tenant(0), &own)), "external_ref");
}

/// The negative control: on a connection without walls, each request that reads more than a row finds a neighbour's.
#[tokio::test]
async fn without_walls_every_list_finds_a_neighbours_row() {
    let town = Town::new(2, 3, Seal::new(7)).await;
    let (open, tally, last) = (town.admin().await, Tally::default(), Town::id(2));
    for request in [Request::List, Request::Stream, Request::UpTo(last), Request::InTransaction(last)] {
        let outcome = request.run(&open, tenant(1), &town, &tally).await;
        assert!(matches!(outcome, Err(Failure::Mismatch(_))), "{request:?}: {outcome:?}");
    }
}
