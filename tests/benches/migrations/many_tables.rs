//! A schema of many tables: its first deploy, and those that find nothing to do.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tenant_core::{Index, Registry, RegistryBuilder, Table, Unique};
use tenant_migration::verify::Verifier;
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Proxy};

use crate::{Failure, quantile, verdict};

const TABLES: usize = 200;
const REPETITIONS: usize = 5;

static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..TABLES).map(|number| format!("things_{number:03}")).collect());

/// Which of them the entity stands for at the moment: a table's description is taken once.
static CURRENT: AtomicUsize = AtomicUsize::new(0);

#[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
mod thing {
    use sea_orm::entity::prelude::*;

    use super::{CURRENT, NAMES, Ordering};

    #[derive(Copy, Clone, Default, Debug, DeriveEntity)]
    pub struct Entity;

    impl EntityName for Entity {
        fn table_name(&self) -> &'static str {
            &NAMES[CURRENT.load(Ordering::Relaxed)]
        }
    }

    #[derive(Clone, Debug, PartialEq, DeriveModel, DeriveActiveModel)]
    pub struct Model {
        pub id: Uuid,
        pub name: String,
        pub state: String,
        pub amount: Option<i64>,
        pub made_at: DateTimeWithTimeZone,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveColumn)]
    pub enum Column {
        Id,
        Name,
        State,
        Amount,
        MadeAt,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DerivePrimaryKey)]
    pub enum PrimaryKey {
        Id,
    }

    impl PrimaryKeyTrait for PrimaryKey {
        type ValueType = Uuid;

        fn auto_increment() -> bool {
            false
        }
    }

    impl ColumnTrait for Column {
        type EntityName = Entity;

        fn def(&self) -> ColumnDef {
            match self {
                Self::Id => ColumnType::Uuid.def(),
                Self::Name => ColumnType::Text.def(),
                Self::State => ColumnType::Text.def().default_value("new").extra("CHECK (state IN ('new', 'old'))"),
                Self::Amount => ColumnType::BigInteger.def().null(),
                Self::MadeAt => ColumnType::TimestampWithTimeZone.def(),
            }
        }
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

fn registry() -> Result<Registry, Failure> {
    let table = |number| {
        CURRENT.store(number, Ordering::Relaxed);
        let table = Table::scoped::<thing::Entity>();
        let table = table.index(Index::new().ascending("state").descending("made_at"));
        table.index(Index::new().ascending("amount").filter("amount IS NOT NULL")).unique(Unique::new().column("name"))
    };
    Ok((0..TABLES).map(table).fold(Registry::builder(), RegistryBuilder::table).build()?)
}

pub(crate) async fn measure() -> Result<(), Failure> {
    let cluster = Cluster::builder().start().await?;
    let database = cluster.empty_database().await?;
    let migrator = TenantMigrator::new(&registry()?)?;
    let admin = database.admin().await?;
    println!("{TABLES} scoped tables, each with 6 columns, 4 indexes, a check and 3 policies");
    let begun = Instant::now();
    migrator.up(&admin, None).await?;
    print("first `up`", begun.elapsed().as_secs_f64(), None);

    let proxy = Proxy::start(&database)?;
    let url = proxy.url(RoleNames::default().migrator().as_str(), database.name());
    let db = sea_orm::Database::connect(&url).await?;
    migrator.up(&db, None).await?;
    let (mut ups, mut plans, mut verifies) = (Vec::new(), Vec::new(), Vec::new());
    let from = proxy.round_trips();
    for _ in 0..REPETITIONS {
        ups.push(timed(async || migrator.up(&db, None).await.map(drop)).await?);
    }
    let round_trips = (proxy.round_trips() - from) / REPETITIONS as u64;
    for _ in 0..REPETITIONS {
        plans.push(timed(async || migrator.plan(&db).await.map(drop)).await?);
        let mut connection = PgConnection::connect(&database.superuser_url()).await?;
        verifies
            .push(timed(async || Verifier::new(migrator.scope().clone()).run(&mut connection).await.map(drop)).await?);
    }
    print(&format!("`up` that finds nothing to do, {round_trips} round trips"), quantile(ups, 0.5), Some(1.0));
    print("`plan` of nothing", quantile(plans, 0.5), None);
    print("`verify`", quantile(verifies, 0.5), Some(2.0));
    let unknown = "TRUNCATE tenancy.known";
    sea_orm::ConnectionTrait::execute_unprepared(&admin, unknown).await?;
    print("`plan` that compares every table anew", timed(async || migrator.plan(&db).await.map(drop)).await?, None);
    println!();
    Ok(())
}

async fn timed<E>(mut work: impl AsyncFnMut() -> Result<(), E>) -> Result<f64, E> {
    let begun = Instant::now();
    work().await?;
    Ok(Duration::as_secs_f64(&begun.elapsed()))
}

fn print(what: &str, seconds: f64, target: Option<f64>) {
    let target = target.map(|most| format!("at most {most} s: {}", verdict(seconds <= most))).unwrap_or_default();
    println!("  {seconds:>6.2} s  {target:<24}  {what}");
}
