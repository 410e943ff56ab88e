//! Whatever a tenant runs gives what it would give on a database that holds only that tenant's rows.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use proptest::prelude::{Strategy, prop_oneof};
use sea_orm::{ConnectionTrait, Statement, TransactionSession, TransactionTrait};
use tenant_core::{Registry, Rewriter, ScopeError, TenantContext, TenantDatabase, TenantError, TenantId};
use tenant_testkit::oracle::{
    Answer, Databases, Effect, Failure, Generated, Oracle, TENANTS, Tally, Wall, batch, data_of, statement,
    statements_of, tenant,
};

use crate::support::{World, application_role, finders, number};

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
    move |statement, tenant| rewriter.scope(statement, tenant).map(Statement::from)
}

/// Statements of all kinds: one in four from the sample's entities.
fn statements() -> impl Strategy<Value = Generated> {
    prop_oneof![3 => statement::any(), 1 => finders()]
}

/// Every `WORKERS`-th batch, on a thread of its own; and the batches that failed.
fn work(worker: u64, seed: u64, batches: u64) -> (Tally, Vec<Failure>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut oracle = oracle(&Wall::ALL).await;
        let rewrite = rewrite();
        let mut failures = Vec::new();
        for number in (worker..batches).step_by(usize::try_from(WORKERS).expect("few")) {
            let compared = batch(&mut oracle, seed.wrapping_add(number), BATCH, &statements(), &rewrite).await;
            failures.extend(compared.err());
        }
        (oracle.tally, failures)
    })
}

#[test]
fn behind_both_walls_and_behind_each_alone() {
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
    for (kind, valid, accepted) in [("read", 85, 80), ("write", 70, 80)] {
        let counts = tally.of(kind);
        assert!(counts.percent(counts.valid) >= valid, "{kind}: {counts}");
        assert!(counts.percent(counts.accepted) >= accepted, "{kind}: {counts}");
        assert!(counts.percent(counts.with_rows + counts.changing) >= 50, "{kind} mostly see no rows: {counts}");
        assert!(counts.percent(counts.too_slow) < 1, "{kind}: {counts}");
    }
}

#[tokio::test]
async fn through_the_applications_own_connection() {
    const STATEMENTS: usize = 500;
    let seed = number("ORACLE_SEED", 1);
    let migrated = World::empty().await;
    let tenants = TenantDatabase::builder(migrated.url(&application_role()));
    let mut oracle = Oracle::new(Databases::create(migrated, &application_role()).await.expect("databases"), &[]);
    oracle.databases.load(&data_of(seed).expect("data")).await.expect("loaded");
    let tenants = tenants.registry(Registry::collect().expect("the models")).build().await.expect("a safe database");
    let (mut compared, mut with_rows) = (0, 0);
    let statements = statements_of(seed, STATEMENTS, &statements()).expect("statements");
    for (number, generated) in statements.into_iter().enumerate() {
        let number = number % TENANTS;
        let db = tenants.connect(TenantContext::new(tenant(number)));
        let statement = generated.statement(tenant(number));
        let result = match generated.effect {
            Effect::Read => db.query_all_raw(statement).await,
            Effect::Write => {
                let transaction = db.begin().await.expect("a transaction");
                let result = transaction.query_all_raw(statement).await;
                transaction.rollback().await.expect("rolled back");
                result
            }
        };
        if result.as_ref().err().and_then(TenantError::of).is_some() {
            continue;
        }
        let here = Answer::through_seaorm(result).expect("the server's answer");
        let mut alone = oracle.alone(&generated, number).await.expect("an answer");
        if let Answer::Rows(rows) = &mut alone {
            // SeaORM gives rows or the number affected, not both.
            rows.affected = rows.rows.len() as u64;
        }
        assert!(here.is_same(&alone, generated.ordered), "{seed}: {generated}\nalone: {alone}\nhere: {here}");
        compared += 1;
        with_rows += usize::from(here.rows().is_some_and(|rows| !rows.rows.is_empty()));
    }
    println!("{compared} compared, {with_rows} with rows");
    assert!(compared > STATEMENTS * 8 / 10 && with_rows > STATEMENTS / 4, "{compared} compared, {with_rows} with rows");
}

/// Without a wall, the comparison itself must find what is wrong.
#[tokio::test]
async fn and_without_a_wall_it_does_not() {
    let mut oracle = oracle(&[Wall::Filter]).await;
    let unchanged = |statement: Statement, _: TenantId| Ok::<_, ScopeError>(statement);
    for seed in 1..=5 {
        assert_finds(&mut oracle, seed, 100, &unchanged).await;
    }
}

/// A filter that forgets one table of a statement is found out too.
#[tokio::test]
async fn nor_behind_a_filter_that_forgets_one_table() {
    let mut oracle = oracle(&[Wall::Filter]).await;
    let whole = rewrite();
    let forgetful = |statement: Statement, tenant| {
        let mut scoped = whole(statement, tenant)?;
        let tenant = format!("${}", scoped.values.as_ref().map_or(0, |values| values.0.len()));
        let predicate = format!("\"organization_id\" = {tenant}");
        if scoped.sql.matches(&predicate).count() > 1
            && let Some(last) = scoped.sql.rfind(&predicate)
        {
            let forgotten = format!("\"organization_id\" IS NOT NULL{}", &scoped.sql[last + predicate.len()..]);
            scoped.sql.replace_range(last.., &forgotten);
        }
        Ok::<_, ScopeError>(scoped)
    };
    assert_finds(&mut oracle, 1, BATCH, &forgetful).await;
}

async fn assert_finds(
    oracle: &mut Oracle,
    seed: u64,
    size: usize,
    rewrite: &impl Fn(Statement, TenantId) -> Result<Statement, ScopeError>,
) {
    let compared = batch(oracle, seed, size, &statements(), rewrite).await;
    let Err(Failure::Found(found)) = compared else { panic!("seed {seed}: no difference in {size} statements") };
    println!("seed {seed}: found by statement {}", found.number);
}
