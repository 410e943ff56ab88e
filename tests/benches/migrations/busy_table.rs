//! What those who write to a big table notice of a deploy that changes it.
//!
//! Times without and during a deploy are taken in turns, in one process: idle, up, down, idle, and so on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter};
use tenant_core::{
    Index, Registry, RegistryBuilder, Table, TenantConnection, TenantContext, TenantDatabase, TenantId, Unique,
};
use tenant_migration::{Event, Observer, RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{Failure, number, quantile, verdict};

const TENANTS: u32 = 100;
const WRITERS: u32 = 6;
/// Between a writer's statements: what is measured is the waiting for others, not how much the machine can take.
const PAUSE: Duration = Duration::from_millis(4);
const WARMING: Duration = Duration::from_secs(2);
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

/// What goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// Connections are opened, statements prepared: in nobody's favour.
    #[default]
    Warming,
    Idle,
    Up,
    Down,
}

/// What goes on, and which change of a deploy is at work.
#[derive(Clone, Debug, Default)]
struct Now {
    phase: Phase,
    change: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct Writers {
    now: Mutex<Now>,
    ends: AtomicBool,
    /// What each statement took, in ms, and what went on when it began.
    times: Mutex<Vec<(Now, f64)>>,
    failures: Mutex<Vec<String>>,
}

impl Writers {
    fn enter(&self, phase: Phase) {
        *lock(&self.now) = Now { phase, change: None };
    }

    async fn write(&self, db: TenantConnection, rows: u32) {
        while !self.ends.load(Ordering::Relaxed) {
            let (now, begun) = (lock(&self.now).clone(), Instant::now());
            let done = if fastrand::bool() { update(&db, rows).await } else { insert(&db).await };
            let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
            lock(&self.times).push((now, milliseconds));
            if let Err(failure) = done {
                lock(&self.failures).push(failure.to_string());
            }
            tokio::time::sleep(PAUSE.mul_f64(0.5 + fastrand::f64())).await;
        }
    }
}

/// Hears which change a deploy is at.
impl Observer for Writers {
    fn notice(&self, event: &Event<'_>) {
        match *event {
            Event::Begun { change, .. } => lock(&self.now).change = Some(change.into()),
            Event::Ended { .. } => lock(&self.now).change = None,
            _ => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

    let new = new.observer(Arc::clone(&writers) as Arc<dyn Observer>);
    tokio::time::sleep(WARMING).await;

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
    let times = lock(&writers.times);
    let of = |phase: Phase| times.iter().filter(move |(now, _)| now.phase == phase);
    let only = |times: &mut dyn Iterator<Item = &(Now, f64)>| times.map(|(_, time)| *time).collect::<Vec<_>>();
    let idle = quantile(only(&mut of(Phase::Idle)), 0.99);
    let line = |times: Vec<f64>, target: bool, what: &str| {
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| quantile(times.clone(), share));
        let (ratio, count) = (p99 / idle, times.len());
        let slow = times.iter().filter(|time| **time > idle * TARGET).count();
        let target = if target { format!("at most {TARGET}: {}", verdict(ratio <= TARGET)) } else { String::new() };
        println!(
            "  {p50:>5.1} ms  {p99:>5.1} ms  {max:>5.0} ms  {count:>8}  {slow:>8}  {ratio:>5.2}  {target:<20}  {what}"
        );
    };
    println!("  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}  ratio of p99", "p50", "p99", "max", "writes", "slow");
    for (phase, what) in [(Phase::Idle, "no deploy"), (Phase::Up, "`up`"), (Phase::Down, "`down`")] {
        line(only(&mut of(phase)), phase == Phase::Up, what);
    }
    let mut changes: Vec<&Now> = Vec::new();
    for (now, _) in of(Phase::Up) {
        if !changes.iter().any(|seen| seen.change == now.change) {
            changes.push(now);
        }
    }
    println!("  of `up`, while it was at:");
    for Now { change, .. } in changes {
        let times = only(&mut of(Phase::Up).filter(|(now, _)| now.change == *change));
        line(times, false, change.as_deref().unwrap_or("what is between changes"));
    }
    let failures = lock(&writers.failures);
    println!("  {} of the writes failed, at most 0: {}", failures.len(), verdict(failures.is_empty()));
    if let Some(first) = failures.first() {
        println!("    such as: {first}");
    }
    println!();
}
