//! Changes are made, each as soon as its locks can be had.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::change::Change;
use crate::error::MigrationError;
use crate::journal::{self, Run};
use crate::role_names::RoleNames;
use crate::session;
use crate::step::Actor;

/// How long changes wait for locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    lock_timeout: Duration,
    total: Duration,
}

impl Patience {
    /// The default: 250 ms an attempt, 2 minutes in all.
    pub const DEFAULT: Self = Self { lock_timeout: Duration::from_millis(250), total: Duration::from_secs(120) };

    /// How long one attempt waits. Meanwhile everybody who wants the table waits behind it; the pause until the next is
    /// ten times as long.
    #[must_use]
    pub const fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// For how long a change is attempted.
    #[must_use]
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    pub(crate) const fn in_all(self) -> Duration {
        self.total
    }

    /// How long one attempt waits in milliseconds; 0 would mean without end.
    fn milliseconds(self, duration: Duration) -> u128 {
        duration.as_millis().clamp(1, i32::MAX.unsigned_abs().into())
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Makes changes on one connection.
pub(crate) struct Executor<'a> {
    pub(crate) connection: &'a mut PgConnection,
    pub(crate) roles: &'a RoleNames,
    pub(crate) patience: Patience,
}

impl Executor<'_> {
    /// Makes a change, and records it with its run if there is one.
    pub(crate) async fn make(&mut self, change: &Change, run: Option<Run>) -> Result<(), MigrationError> {
        let begun = Instant::now();
        if !change.in_transaction {
            return self.alone(change, run).await.map_err(|error| self.unlocked(change, begun, error));
        }
        loop {
            let Err(error) = self.attempt(change, run).await else { return Ok(()) };
            let pause = self.patience.lock_timeout.saturating_mul(10).mul_f64(0.5 + fastrand::f64());
            if !is_contention(&error) {
                return Err(error);
            }
            if begun.elapsed().saturating_add(pause) >= self.patience.total {
                let blockers = blockers(self.connection, change).await;
                return Err(match self.unlocked(change, begun, error) {
                    MigrationError::Lock { change, tables, waited, .. } => {
                        MigrationError::Lock { change, tables, waited, blockers }
                    }
                    other => other,
                });
            }
            tracing::info!("{}: the table is busy, tried again in {:.1} s", change.name, pause.as_secs_f64());
            tokio::time::sleep(pause).await;
        }
    }

    /// All steps in one transaction, or none.
    async fn attempt(&mut self, change: &Change, run: Option<Run>) -> Result<(), MigrationError> {
        let mut transaction = self.connection.begin().await.map_err(MigrationError::Journal)?;
        let prepare = format!(
            "{}\nSET LOCAL lock_timeout = '{}ms';",
            session::PREPARE,
            self.patience.milliseconds(self.patience.lock_timeout)
        );
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *transaction).await.map_err(MigrationError::Journal)?;
        for step in &change.steps {
            let act = session::act_as(step.actor, self.roles, session::Scope::Transaction);
            let sql = AssertSqlSafe(format!("{act}\n{}", step.up));
            sqlx::raw_sql(sql).execute(&mut *transaction).await.map_err(|source| MigrationError::Step {
                change: change.name.clone(),
                step: step.reason.clone(),
                source,
            })?;
        }
        if let Some(run) = run {
            let act = session::act_as(Actor::Owner, self.roles, session::Scope::Transaction);
            sqlx::raw_sql(AssertSqlSafe(act)).execute(&mut *transaction).await.map_err(MigrationError::Journal)?;
            journal::record(&mut transaction, run, change, true).await.map_err(MigrationError::Journal)?;
        }
        transaction.commit().await.map_err(MigrationError::Journal)
    }

    /// A step outside transactions, recorded before it begins: should the run end here, the next knows whose it is.
    ///
    /// While such a step waits nobody waits for it, so it waits for as long as there is patience.
    async fn alone(&mut self, change: &Change, run: Option<Run>) -> Result<(), MigrationError> {
        if let Some(run) = run {
            journal::record(self.connection, run, change, false).await.map_err(MigrationError::Journal)?;
        }
        for step in &change.steps {
            let failed =
                |source| MigrationError::Step { change: change.name.clone(), step: step.reason.clone(), source };
            let begin = format!(
                "SET lock_timeout = '{}ms'; {}",
                self.patience.milliseconds(self.patience.total),
                session::act_as(step.actor, self.roles, session::Scope::Session)
            );
            sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut *self.connection).await.map_err(failed)?;
            // By itself: two statements in one message would be a transaction.
            let done = sqlx::raw_sql(AssertSqlSafe(step.up.trim_end())).execute(&mut *self.connection).await;
            let reset = sqlx::raw_sql("RESET ROLE; RESET lock_timeout").execute(&mut *self.connection).await;
            done.and(reset).map_err(failed)?;
        }
        match run {
            Some(run) => journal::finish(self.connection, run, change).await.map_err(MigrationError::Journal),
            None => Ok(()),
        }
    }

    /// An error that says that a lock did not come, where that is what it was.
    fn unlocked(&self, change: &Change, begun: Instant, error: MigrationError) -> MigrationError {
        if !is_contention(&error) {
            return error;
        }
        let mut tables: Vec<String> =
            change.steps.iter().flat_map(|step| &step.locks).map(|lock| lock.table.to_string()).collect();
        tables.sort();
        tables.dedup();
        MigrationError::Lock {
            change: change.name.clone(),
            tables: tables.join(", "),
            waited: begun.elapsed().as_secs(),
            blockers: None,
        }
    }
}

/// Whether others were in the way: a lock that did not come, or a deadlock that the server ended.
fn is_contention(error: &MigrationError) -> bool {
    let MigrationError::Step { source: sqlx::Error::Database(error), .. } = error else { return false };
    matches!(error.code().as_deref(), Some("55P03" | "40P01"))
}

/// Who holds locks on the tables of a change. Nothing, if that can't be found out: the error is told in any case.
async fn blockers(connection: &mut PgConnection, change: &Change) -> Option<String> {
    let tables: Vec<String> =
        change.steps.iter().flat_map(|step| &step.locks).map(|lock| lock.table.to_string()).collect();
    let query = "SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('process %s of role %s, in a transaction since %s',
                   a.pid, a.usename, coalesce(CAST(a.xact_start AS text), 'some time')), '; ')
                 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)
                 WHERE l.granted AND l.pid <> pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
                   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
                   AND l.relation = ANY (SELECT pg_catalog.to_regclass(name) FROM pg_catalog.unnest($1::text[]) AS name)";
    sqlx::query_scalar(query).bind(tables).persistent(false).fetch_one(connection).await.ok().flatten()
}
