//! What those who write to a big table notice of a deploy that changes it.
//!
//! Times without and during a deploy are taken in turns, in one process: idle, up, down, idle, and so on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter};
use tenant_core::{
    Index, Registry, RegistryBuilder, Table, TenantConnection, TenantContext, TenantDatabase, TenantId, Unique,
};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{Failure, number, quantile, verdict};

const TENANTS: u32 = 100;
const WRITERS: u32 = 6;
/// Between a writer's statements: what is measured is the waiting for others, not how much the machine can take.
const PAUSE: Duration = Duration::from_millis(4);
const IDLE: Duration = Duration::from_secs(8);

/// How many times the p99 without a deploy that with one may be.
const TARGET: f64 = 3.0;

macro_rules! entity {
    ($name:ident, $table:literal, { $($fields:tt)* }, { $($relation:tt)* }) => {
        #[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
        mod $name {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: Uuid,
                $($fields)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation { $($relation)* }

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(supplier, "suppliers", { pub name: String, }, {});
entity!(part, "parts", {
    pub name: String,
    pub state: String,
    pub amount: Option<i64>,
    pub supplier_id: Option<Uuid>,
}, {});
entity!(better_part, "parts", {
    pub name: String,
    #[sea_orm(extra = "CHECK (state IN ('new', 'old'))")]
    pub state: String,
    pub amount: i64,
    pub supplier_id: Option<Uuid>,
}, {
    #[sea_orm(belongs_to = "super::supplier::Entity", from = "Column::SupplierId", to = "super::supplier::Column::Id")]
    Supplier,
});

fn before() -> Result<Registry, Failure> {
    let tables = [Table::scoped::<supplier::Entity>(), Table::scoped::<part::Entity>()];
    Ok(tables.into_iter().fold(Registry::builder(), RegistryBuilder::table).build()?)
}

/// Two indexes, a unique constraint, a CHECK, a NOT NULL and a foreign key more.
fn after() -> Result<Registry, Failure> {
    let parts = Table::scoped::<better_part::Entity>()
        .index(Index::new().ascending("state"))
        .index(Index::new().ascending("amount"))
        .unique(Unique::new().column("name"));
    let tables = [Table::scoped::<supplier::Entity>(), parts];
    Ok(tables.into_iter().fold(Registry::builder(), RegistryBuilder::table).build()?)
}

/// What the writers' statements took, by what went on when they began.
#[derive(Debug, Default)]
struct Times([Mutex<Vec<f64>>; 3]);

/// What goes on.
#[derive(Clone, Copy)]
enum Phase {
    Idle,
    Up,
    Down,
}

#[derive(Debug, Default)]
struct Writers {
    phase: AtomicUsize,
    ends: AtomicBool,
    times: Times,
    failures: Mutex<Vec<String>>,
}

impl Writers {
    fn enter(&self, phase: Phase) {
        self.phase.store(phase as usize, Ordering::Relaxed);
    }

    async fn write(&self, db: TenantConnection, rows: u32) {
        while !self.ends.load(Ordering::Relaxed) {
            let (phase, begun) = (self.phase.load(Ordering::Relaxed), Instant::now());
            let done = if fastrand::bool() { update(&db, rows).await } else { insert(&db).await };
            let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
            self.times.0[phase].lock().unwrap_or_else(PoisonError::into_inner).push(milliseconds);
            if let Err(failure) = done {
                self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure.to_string());
            }
            tokio::time::sleep(PAUSE.mul_f64(0.5 + fastrand::f64())).await;
        }
    }
}

async fn update(db: &TenantConnection, rows: u32) -> Result<(), DbErr> {
    let id = Uuid::from_u128(u128::from(fastrand::u32(0..rows / TENANTS)));
    let update = part::Entity::update_many().col_expr(part::Column::Amount, Expr::value(fastrand::i64(0..1000)));
    update.filter(part::Column::Id.eq(id)).exec(db).await.map(drop)
}

async fn insert(db: &TenantConnection) -> Result<(), DbErr> {
    let (id, supplier) = (Uuid::new_v4(), Uuid::from_u128(u128::from(fastrand::u32(0..100))));
    let row = part::ActiveModel {
        id: Set(id),
        name: Set(id.to_string()),
        state: Set("new".to_owned()),
        amount: Set(Some(1)),
        supplier_id: Set(Some(supplier)),
    };
    part::Entity::insert(row).exec_without_returning(db).await.map(drop)
}

pub(crate) async fn measure() -> Result<(), Failure> {
    let (rows, rounds) = (number("BENCH_ROWS", 1_000_000), number("BENCH_ROUNDS", 2));
    let cluster = Cluster::builder().start().await?;
    let database = cluster.empty_database().await?;
    let admin = database.admin().await?;
    let (old, new) = (TenantMigrator::new(&before()?)?, TenantMigrator::new(&after()?)?);
    old.up(&admin, None).await?;
    fill(&admin, rows).await?;
    let migrating = database.plain(RoleNames::default().migrator().as_str()).await?;
    let writers = Arc::new(Writers::default());
    let tasks = start(&writers, &database, rows).await?;

    let (mut ups, mut downs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        writers.enter(Phase::Idle);
        tokio::time::sleep(IDLE).await;
        for (phase, times) in [(Phase::Up, &mut ups), (Phase::Down, &mut downs)] {
            writers.enter(phase);
            let begun = Instant::now();
            match phase {
                Phase::Down => new.down(&migrating, Some(1)).await?,
                _ => new.up(&migrating, None).await.map(drop)?,
            }
            times.push(begun.elapsed().as_secs_f64());
        }
    }
    writers.enter(Phase::Idle);
    tokio::time::sleep(IDLE).await;
    writers.ends.store(true, Ordering::Relaxed);
    tasks.join_all().await;

    println!(
        "{rows} rows, {WRITERS} writers; 2 indexes, a unique constraint, a CHECK, a NOT NULL and a foreign key more, and back"
    );
    println!("  `up` takes {:.1} s, `down` {:.1} s", quantile(ups, 0.5), quantile(downs, 0.5));
    report(&writers);
    Ok(())
}

async fn fill(db: &DatabaseConnection, rows: u32) -> Result<(), Failure> {
    let tenant = "lpad(to_hex(n % 100 + 1), 32, '0')::uuid";
    let fill = format!(
        "INSERT INTO suppliers (organization_id, id, name)
           SELECT lpad(to_hex(t), 32, '0')::uuid, lpad(to_hex(s), 32, '0')::uuid, 's'
           FROM generate_series(1, {TENANTS}) AS t, generate_series(0, 99) AS s;
         INSERT INTO parts (organization_id, id, name, state, amount, supplier_id)
           SELECT {tenant}, lpad(to_hex(n / {TENANTS}), 32, '0')::uuid, 'part ' || n, CASE n % 3 WHEN 0 THEN 'old' ELSE 'new' END, n,
             lpad(to_hex(n % 97), 32, '0')::uuid
           FROM generate_series(0, {rows} - 1) AS n"
    );
    db.execute_unprepared(&fill).await?;
    db.execute_unprepared("VACUUM ANALYZE parts").await?;
    db.execute_unprepared("CHECKPOINT").await?;
    Ok(())
}

async fn start(writers: &Arc<Writers>, database: &Database, rows: u32) -> Result<JoinSet<()>, Failure> {
    let url = database.url(RoleNames::default().app().as_str());
    let pool = TenantDatabase::builder(url).registry(before()?).max_connections(WRITERS).build().await?;
    let mut tasks = JoinSet::new();
    for number in 1..=WRITERS {
        let tenant = TenantId::new(Uuid::from_u128(u128::from(number)));
        let (writers, db) = (Arc::clone(writers), pool.connect(TenantContext::new(tenant)));
        tasks.spawn(async move { writers.write(db, rows).await });
    }
    Ok(tasks)
}

fn report(writers: &Writers) {
    let of = |phase: Phase| writers.times.0[phase as usize].lock().unwrap_or_else(PoisonError::into_inner).clone();
    let idle = quantile(of(Phase::Idle), 0.99);
    println!("  {:>8}  {:>8}  {:>8}  {:>8}  ratio of p99", "p50", "p99", "max", "writes");
    for (phase, what) in [(Phase::Idle, "no deploy"), (Phase::Up, "`up`"), (Phase::Down, "`down`")] {
        let times = of(phase);
        let (p99, count) = (quantile(times.clone(), 0.99), times.len());
        let ratio = p99 / idle;
        let target = match phase {
            Phase::Up => format!("at most {TARGET}: {}", verdict(ratio <= TARGET)),
            _ => String::new(),
        };
        let (p50, max) = (quantile(times.clone(), 0.5), quantile(times, 1.0));
        println!("  {p50:>5.1} ms  {p99:>5.1} ms  {max:>5.0} ms  {count:>8}  {ratio:>5.2}  {target:<20}  {what}");
    }
    let failures = writers.failures.lock().unwrap_or_else(PoisonError::into_inner);
    println!("  {} of the writes failed, at most 0: {}", failures.len(), verdict(failures.is_empty()));
    if let Some(first) = failures.first() {
        println!("    such as: {first}");
    }
    println!();
}
