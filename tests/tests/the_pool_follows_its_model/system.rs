//! The pool itself, on a PostgreSQL.

use std::collections::BTreeMap;
use std::time::Duration;

use entities::molecule;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{
    PoolError, TenantConnection, TenantContext, TenantDatabase, TenantError, TenantId, TenantTransaction, Tier,
    TierLimits,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::model::{CAPS, CONNECTIONS, Expected, Health, Model, Step};
use crate::support::{World, execute, pool_error, pool_named, soon, terminate, texts, until};

/// How long a connection is waited for: far longer than opening one takes.
const PATIENCE: Duration = Duration::from_millis(600);

/// How long one who has to wait is watched waiting.
const GLIMPSE: Duration = Duration::from_millis(15);

const NAME: &str = "model";

/// A database with a tenant for each cap.
pub(super) struct Tenants(World);

impl Tenants {
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        for number in 0..CAPS.len() {
            let id = tenant(number);
            execute(&world.admin, &format!("INSERT INTO organizations (id, name) VALUES ('{id}', 'of the model')"))
                .await;
            let molecules = format!(
                "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type)
                 SELECT gen_random_uuid(), '{id}', n, n, 'any' FROM generate_series(0, {number}) n"
            );
            execute(&world.admin, &molecules).await;
        }
        Self(world)
    }
}

fn tenant(number: usize) -> TenantId {
    TenantId::new(Uuid::from_u128(1_000 + number as u128))
}

/// An open transaction, and the server's process for it.
struct Open {
    transaction: TenantTransaction,
    process: String,
}

pub(super) struct System<'t> {
    world: &'t World,
    database: TenantDatabase,
    open: Vec<Open>,
    closing: Option<JoinHandle<()>>,
    /// Whose the last connection given back is bound to.
    last_read: Option<usize>,
}

impl<'t> System<'t> {
    pub(super) async fn new(tenants: &'t Tenants) -> Self {
        let connections = u32::try_from(CONNECTIONS).expect("few");
        let mut builder = pool_named(&tenants.0, NAME).max_connections(connections).acquire_timeout(PATIENCE);
        for (tier, cap) in Tier::ALL.into_iter().zip(CAPS) {
            builder = builder.tier(tier, TierLimits::of(tier).max_connections(u32::try_from(cap).expect("few")));
        }
        let database = builder.build().await.expect("a database");
        Self { world: &tenants.0, database, open: Vec::new(), closing: None, last_read: None }
    }

    fn connect(&self, number: usize) -> TenantConnection {
        self.database.connect(TenantContext::new(tenant(number))).tier(Tier::ALL[number])
    }

    /// Does it, and compares what it gives with what the model says. `before` is the model before that.
    pub(super) async fn run(&mut self, before: &Model, step: &Step) {
        self.last_read = None;
        match *step {
            Step::Begin(number) => {
                let db = self.connect(number);
                if let Some(transaction) = expect(before.expected(number), db.begin()).await {
                    let process = self.process_of_newest().await;
                    self.open.push(Open { transaction, process });
                }
            }
            Step::WaitInVain(number) => {
                let failure = soon("an answer", self.connect(number).begin()).await.expect_err("none is free");
                let PoolError::Busy { in_use, max_connections, by_tenant, tier_allows, waiting, .. } =
                    pool_error(&failure)
                else {
                    panic!("{failure}")
                };
                let told = [in_use, max_connections, by_tenant, tier_allows, waiting].map(|number| *number as usize);
                assert_eq!(told, [before.in_use(), CONNECTIONS, before.used_by(number), CAPS[number], 0]);
            }
            Step::Read(number) => {
                let db = self.connect(number);
                if let Some(rows) = expect(before.expected(number), read(&db)).await {
                    assert!(is_of(&rows, number), "{rows:?}");
                    self.last_read = Some(number);
                }
            }
            Step::ReadWithin(which) => {
                let outcome = read(&self.open[which].transaction).await;
                check_ending(before, which, &outcome);
                if let Ok(rows) = outcome {
                    assert!(is_of(&rows, before.open[which].tenant), "{rows:?}");
                }
            }
            Step::Commit(which) => check_ending(before, which, &self.open.remove(which).transaction.commit().await),
            Step::RollBack(which) => check_ending(before, which, &self.open.remove(which).transaction.rollback().await),
            Step::Drop(which) => drop(self.open.remove(which)),
            Step::Kill(which) => {
                let sql = format!("SELECT pg_terminate_backend({}, 10000)", self.open[which].process);
                execute(&self.world.admin, &sql).await;
            }
            Step::KillIdle => terminate_idle(&self.world.admin).await,
            Step::Close => {
                let database = self.database.clone();
                self.closing = Some(tokio::spawn(async move { database.close().await }));
                let is_closed = async || match read(&self.connect(0)).await {
                    Err(failure) => matches!(TenantError::of(&failure), Some(TenantError::Pool(PoolError::Closed))),
                    Ok(_) => false,
                };
                until("it is closed", is_closed).await;
            }
        }
    }

    /// Compares what the pool says of itself with the model.
    pub(super) async fn check(&self, model: &Model) {
        // What was dropped is rolled back, and what was taken out closed, a moment later.
        let is_settled = async || {
            let now = self.database.pool_statistics();
            now.in_use as usize <= model.in_use() && now.open == now.in_use + now.idle
        };
        until("what was dropped has ended", is_settled).await;
        let statistics = self.database.pool_statistics();
        assert_eq!(statistics.in_use as usize, model.in_use());
        let users = (0..CAPS.len()).map(|number| (tenant(number), model.used_by(number)));
        let users = users.filter(|(_, used)| *used > 0).collect::<BTreeMap<_, _>>();
        let told = statistics.in_use_by.iter().map(|(tenant, used)| (*tenant, *used as usize));
        assert_eq!(told.collect::<BTreeMap<_, _>>(), users);
        assert_eq!((statistics.waiting, statistics.remembered_tenants), (0, users.len()));
        assert!(statistics.open as usize <= CONNECTIONS, "{statistics:?}");
        assert!(statistics.idle_bound_to.values().sum::<u32>() <= statistics.idle, "{statistics:?}");
        if let Some(number) = self.last_read {
            assert!(statistics.idle_bound_to.contains_key(&tenant(number)), "not left bound: {statistics:?}");
        }
        if model.is_closed {
            assert_eq!(statistics.idle, 0);
        }
    }

    /// Lets everything go, after which nothing is left.
    pub(super) async fn end(mut self) {
        self.open.clear();
        soon("closed", self.database.close()).await;
        if let Some(closing) = self.closing {
            soon("closed", closing).await.expect("a task");
        }
        assert_eq!(self.database.pool_statistics().open, 0);
        terminate(&self.world.admin, NAME).await;
    }

    /// The server's process for the transaction that has just begun.
    async fn process_of_newest(&self) -> String {
        let sql = format!(
            "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = '{NAME}'
             AND state = 'idle in transaction' ORDER BY xact_start DESC LIMIT 1"
        );
        texts(&self.world.admin, &sql).await.pop().expect("a transaction is open")
    }
}

/// What came of needing a connection, if there was one.
async fn expect<T>(expected: Expected, needing: impl Future<Output = Result<T, DbErr>>) -> Option<T> {
    match expected {
        Expected::Connection => Some(soon("an answer", needing).await.unwrap_or_else(|failure| panic!("{failure}"))),
        Expected::Wait => {
            let outcome = tokio::time::timeout(GLIMPSE, needing).await;
            assert!(outcome.is_err(), "served beyond what it may have");
            None
        }
        Expected::Closed => {
            let Err(failure) = soon("an answer", needing).await else { panic!("served by a closed pool") };
            assert!(matches!(pool_error(&failure), PoolError::Closed), "{failure}");
            None
        }
    }
}

/// What a transaction's operation gives, by what is known of it before.
fn check_ending<T>(before: &Model, which: usize, outcome: &Result<T, DbErr>) {
    match (before.open[which].health, outcome) {
        (Health::Alive, Ok(_)) => {}
        // The driver's own error, at the first operation after its end.
        (Health::Killed, Err(failure)) => assert!(TenantError::of(failure).is_none(), "{failure}"),
        (Health::Lost, Err(failure)) => {
            assert!(matches!(TenantError::of(failure), Some(TenantError::TransactionLost)), "{failure}");
        }
        (Health::Alive, Err(failure)) => panic!("{failure}"),
        (health, Ok(_)) => panic!("went well although {health:?}"),
    }
}

async fn read(db: &impl ConnectionTrait) -> Result<Vec<molecule::Model>, DbErr> {
    molecule::Entity::find().all(db).await
}

/// Whether these are all of the tenant's molecules, and no other's.
fn is_of(rows: &[molecule::Model], number: usize) -> bool {
    rows.len() == number + 1 && rows.iter().all(|row| row.organization_id == tenant(number))
}

async fn terminate_idle(admin: &impl ConnectionTrait) {
    let sql = format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = '{NAME}' AND state = 'idle'"
    );
    execute(admin, &sql).await;
}
