//! What both walls cost: the same statements through SeaORM alone and through a tenant's connection.
//!
//! Arms are interleaved in one process, on one server over a Unix socket, and reported as the median and as its ratio to
//! raw SeaORM's. Raw SeaORM measured against itself shows how far two equal arms lie apart.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entities::{docking_job, job_result, molecule};
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, EntityTrait,
    JoinType, QueryFilter, QuerySelect, QueryTrait, RelationTrait, Statement, TransactionSession, TransactionTrait,
};
use tenant_core::Rewriter;
use tenant_core::session::TENANT_VARIABLE;
use tenant_core::{Registry, TenantConnection, TenantContext, TenantDatabase, TenantId};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::Cluster;
use uuid::Uuid;

/// Statements of one arm before the next arm's turn: few, so that all arms see the same machine.
const BATCH: u32 = 20;

/// Statements in an explicit transaction.
const UNIT_OF_WORK: u32 = 10;

type Failure = Box<dyn std::error::Error>;

struct Bench {
    raw: DatabaseConnection,
    application: DatabaseConnection,
    tenant: TenantConnection,
    id: TenantId,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let rounds: usize = std::env::var("BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let cluster = Cluster::start().await?;
    let database = cluster.empty_database().await?;
    let registry = Registry::collect()?;
    let admin = database.admin().await?;
    sea_orm_migration::MigratorTraitSelf::up(&TenantMigrator::new(&registry)?, &admin, None).await?;
    let url = database.url(RoleNames::default().app().as_str());
    let tenants = TenantDatabase::builder(&url).registry(registry.clone()).max_connections(1).build().await?;
    let id = TenantId::new(Uuid::now_v7());
    let bench = Bench {
        raw: connect(&database.superuser_url()).await?,
        application: connect(&url).await?,
        tenant: tenants.connect(TenantContext::new(id)),
        id,
    };
    fill(&tenants, id).await?;
    println!("one server, Unix socket, {rounds} rounds of {BATCH} statements an arm; medians a statement\n");
    bench.reads(rounds).await?;
    bench.units_of_work(rounds).await?;
    rewriting(registry);
    Ok(())
}

async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await
}

/// 5,000 molecules in each of four organisations, one of them the measured one.
async fn fill(tenants: &TenantDatabase, measured: TenantId) -> Result<(), DbErr> {
    for tenant in [measured].into_iter().chain((0..3).map(|_| TenantId::new(Uuid::now_v7()))) {
        let db = tenants.connect(TenantContext::new(tenant));
        for batch in 0..25 {
            let rows = (0..200).map(|row| molecule::ActiveModel {
                id: Set(Uuid::from_u128(batch * 200 + row + 1)),
                external_ref: Set(format!("REF-{batch}-{row}")),
                name: Set("molecule".to_owned()),
                molecule_type: Set("Small molecule".to_owned()),
                ..Default::default()
            });
            molecule::Entity::insert_many(rows).exec_without_returning(&db).await?;
        }
    }
    Ok(())
}

impl Bench {
    async fn read(&self, connection: &impl ConnectionTrait, by_hand: bool, id: u128) -> Result<(), DbErr> {
        let mut select = molecule::Entity::find_by_id(Uuid::from_u128(id));
        if by_hand {
            select = select.filter(molecule::COLUMN.organization_id.eq(self.id));
        }
        let found = select.one(connection).await?;
        black_box(found).map(drop).ok_or_else(|| DbErr::RecordNotFound(format!("molecule {id}")))
    }

    /// The textbook way: begin, bind, query, commit, each a round trip.
    async fn textbook(&self, id: u128) -> Result<(), DbErr> {
        let transaction = self.application.begin().await?;
        let values = [TENANT_VARIABLE.into(), self.id.to_string().into()];
        let bind = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT set_config($1, $2, true)", values);
        transaction.execute_raw(bind).await?;
        self.read(&transaction, true, id).await?;
        transaction.commit().await
    }

    async fn reads(&self, rounds: usize) -> Result<(), DbErr> {
        let mut arms = Arms::new([
            "raw SeaORM, filter by hand, no row-level security",
            "the same again",
            "textbook transaction, filter by hand, row-level security",
            "tenant connection: both walls",
        ]);
        for round in 0..rounds {
            let ids = (0..BATCH).map(|n| u128::from(n) * 37 % 5000 + 1 + round as u128 % 7);
            for id in ids {
                arms.time(0, self.read(&self.raw, true, id)).await?;
                arms.time(1, self.read(&self.raw, true, id)).await?;
                arms.time(2, self.textbook(id)).await?;
                arms.time(3, self.read(&self.tenant, false, id)).await?;
            }
        }
        arms.print("read one row by its id");
        Ok(())
    }

    async fn units_of_work(&self, rounds: usize) -> Result<(), DbErr> {
        let mut arms = Arms::new([
            "raw SeaORM, filter by hand, no row-level security",
            "the same again",
            "tenant transaction: both walls",
        ]);
        for _ in 0..rounds {
            for arm in 0..3 {
                let work = async {
                    if arm == 2 {
                        let transaction = self.tenant.begin().await?;
                        for id in 1..=u128::from(UNIT_OF_WORK) {
                            self.read(&transaction, false, id).await?;
                        }
                        transaction.commit().await
                    } else {
                        let transaction = self.raw.begin().await?;
                        for id in 1..=u128::from(UNIT_OF_WORK) {
                            self.read(&transaction, true, id).await?;
                        }
                        transaction.commit().await
                    }
                };
                arms.time(arm, work).await?;
            }
        }
        arms.print(&format!("transaction of {UNIT_OF_WORK} reads"));
        Ok(())
    }
}

/// What the filter adds to a statement before it is sent.
fn rewriting(registry: Registry) {
    let rewriter = Rewriter::new(Arc::new(registry));
    let statements = [
        ("by id", molecule::Entity::find_by_id(Uuid::nil()).build(DbBackend::Postgres)),
        (
            "three joins",
            molecule::Entity::find()
                .join(JoinType::InnerJoin, molecule::Relation::DockingJob.def())
                .join(JoinType::LeftJoin, docking_job::Relation::JobResult.def())
                .join(JoinType::LeftJoin, docking_job::Relation::Target.def())
                .filter(job_result::Column::Atoms.gt(20))
                .build(DbBackend::Postgres),
        ),
    ];
    println!("scoping a statement: one that is read for the first time, and one that was seen before");
    let tenant = TenantId::new(Uuid::nil());
    for (name, statement) in statements {
        let mut misses = times(500, || statement.sql.as_str(), |sql| rewriter.rewrite(sql));
        let mut hits = times(5000, || statement.clone(), |statement| rewriter.scope(statement, tenant));
        let (miss, hit) = (median(&mut misses).as_secs_f64() * 1e6, median(&mut hits).as_secs_f64() * 1e6);
        println!("  {miss:>9.1} µs  {hit:>7.2} µs  {name}");
    }
    println!("  {:?}", rewriter.statistics());
}

/// How long `work` takes on each of `count` things that are made before.
fn times<T, R>(count: usize, mut make: impl FnMut() -> T, mut work: impl FnMut(T) -> R) -> Vec<Duration> {
    let time = |thing: T| {
        let start = Instant::now();
        let result = black_box(work(black_box(thing)));
        let elapsed = start.elapsed();
        drop(result);
        elapsed
    };
    (0..count).map(|_| make()).collect::<Vec<_>>().into_iter().map(time).collect()
}

/// Measured times of several ways to do the same.
struct Arms<const N: usize> {
    names: [&'static str; N],
    times: [Vec<Duration>; N],
}

impl<const N: usize> Arms<N> {
    fn new(names: [&'static str; N]) -> Self {
        Self { names, times: std::array::from_fn(|_| Vec::new()) }
    }

    async fn time(&mut self, arm: usize, work: impl Future<Output = Result<(), DbErr>>) -> Result<(), DbErr> {
        let start = Instant::now();
        work.await?;
        self.times[arm].push(start.elapsed());
        Ok(())
    }

    fn print(mut self, title: &str) {
        let medians: Vec<f64> = self.times.iter_mut().map(|times| median(times).as_secs_f64() * 1e6).collect();
        println!("{title}");
        for (name, time) in self.names.iter().zip(&medians) {
            println!("  {time:>9.1} µs  {:>5.2}  {name}", time / medians[0]);
        }
        println!();
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
