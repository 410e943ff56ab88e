//! Changes are made, each as soon as its locks can be had.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use crate::change::Change;
use crate::contention::{blockers, is_contention, may_be_overtaken};
use crate::error::MigrationError;
use crate::ident::Ident;
use crate::journal::{self, Run, Undoing};
use crate::patience::Patience;
use crate::progress::{Event, Observer};
use crate::session;
use crate::step::{Actor, Lock, LockMode, Reach, Step};
use crate::watch::Watch;

/// How often a change is tried again because rows may have gone while it looked at them: a row that does refer to nothing is
/// to be said soon.
const OVERTAKEN: u32 = 3;

/// Makes changes on one connection.
pub(crate) struct Executor<'a> {
    pub(crate) connection: &'a mut PgConnection,
    /// The role whose rights an owner's step takes.
    pub(crate) owner: &'a Ident,
    pub(crate) patience: Patience,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) watch: Watch<'a>,
}

/// What is written down of a change: in one transaction with it, where that can be.
#[derive(Clone, Copy)]
enum Record<'a> {
    Nothing,
    Done(Run),
    Undone(&'a [i64]),
}

impl Executor<'_> {
    /// Makes a change, and records it with its run if there is one.
    pub(crate) async fn make(&mut self, change: &Change, run: Option<Run>) -> Result<(), MigrationError> {
        self.carry_out(change, run.map_or(Record::Nothing, Record::Done)).await
    }

    /// Takes a change of a run back, and forgets it.
    pub(crate) async fn take_back(&mut self, undoing: &Undoing) -> Result<(), MigrationError> {
        self.carry_out(&undoing.change, Record::Undone(&undoing.records)).await
    }

    async fn carry_out(&mut self, change: &Change, record: Record<'_>) -> Result<(), MigrationError> {
        self.observer.notice(&Event::Begun { change: &change.name });
        let done = match change.in_transaction {
            true => self.until_locked(change, record).await,
            false => self.alone(change, record).await,
        };
        self.observer.notice(&Event::Ended { change: &change.name });
        done
    }

    /// Attempts it until its locks come or the patience ends, and a few times more where it may have been overtaken.
    async fn until_locked(&mut self, change: &Change, record: Record<'_>) -> Result<(), MigrationError> {
        let (mut begun, watch, observer) = (Instant::now(), self.watch, self.observer);
        let mut overtaken = 0;
        loop {
            let (done, _) = watch.over(observer, &change.name, self.attempt(change, record)).await;
            let Err(error) = done else { return Ok(()) };
            let MigrationError::Step { source, .. } = &error else { return Err(error) };
            let refused = is_contention(source);
            if !refused && (overtaken == OVERTAKEN || !may_be_overtaken(change, source)) {
                return Err(error);
            }
            let (blockers, pause) = (blockers(self.connection, change).await, self.patience.pause());
            if !refused {
                overtaken += 1;
                // It had its locks: looking at the rows took the time.
                begun = Instant::now();
            } else if begun.elapsed().saturating_add(pause) >= self.patience.end() {
                return Err(gave_up(change, begun, blockers));
            }
            self.observer.notice(&Event::Busy { change: &change.name, pause, blockers: blockers.as_deref() });
            tokio::time::sleep(pause).await;
        }
    }

    /// All steps in one transaction, or none.
    async fn attempt(&mut self, change: &Change, record: Record<'_>) -> Result<(), MigrationError> {
        let unseen = |source| MigrationError::Unseen { change: change.name.clone(), source };
        let failed = |step: &str, source| step_failed(change, step, source);
        let prepare = self.preparation(change);
        let mut transaction = self.connection.begin().await.map_err(unseen)?;
        let prepared = sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *transaction).await;
        prepared.map_err(|source| failed("its locks", source))?;
        for step in &change.steps {
            let act = session::act(step.actor, self.owner, session::Scope::Transaction);
            let sql = AssertSqlSafe(format!("{act}\n{}", step.up));
            let done = sqlx::raw_sql(sql).execute(&mut *transaction).await;
            done.map_err(|source| failed(&step.reason, source))?;
        }
        if !matches!(record, Record::Nothing) {
            // The record's tables are the owner's, and so is what happens when they are written.
            let act = session::act(Actor::Owner, self.owner, session::Scope::Transaction);
            sqlx::raw_sql(AssertSqlSafe(act)).execute(&mut *transaction).await.map_err(MigrationError::Journal)?;
        }
        let recorded = match record {
            Record::Nothing => Ok(()),
            Record::Done(run) => journal::record(&mut transaction, run, change, true).await,
            Record::Undone(records) => journal::forget_steps(&mut transaction, records).await,
        };
        recorded.map_err(MigrationError::Journal)?;
        transaction.commit().await.map_err(unseen)
    }

    /// The settings of an attempt, and a weak lock on each of its tables.
    ///
    /// The weak lock keeps nobody's reads and writes waiting, so it is waited for as long as there is patience. That is what
    /// makes an autovacuum give way, which it does after a second (`deadlock_timeout`), and keeps the next one from coming;
    /// the locks that others wait behind are asked for after that, and given up soon.
    fn preparation(&self, change: &Change) -> String {
        let locks = change.locks();
        let mut sql =
            format!("{}\nSET LOCAL lock_timeout = '{}ms';\n", session::PREPARE, milliseconds(self.patience.end()));
        // Whose rights: those of the step that needs the lock.
        let mut locking = change.steps.iter().filter(|step| !step.locks.is_empty());
        if let Some(first) = locking.next() {
            sql += &session::act(first.actor, self.owner, session::Scope::Transaction);
            for (table, with_partitions) in change.tables() {
                let only = if with_partitions { "" } else { "ONLY " };
                // Writing to a String does not fail.
                let _ = write!(sql, "\nLOCK TABLE {only}{table} IN SHARE UPDATE EXCLUSIVE MODE;");
            }
        }
        let strong = locks.values().filter(|mode| **mode > LockMode::ShareUpdateExclusive).count();
        sql + &format!("\nSET LOCAL lock_timeout = '{}ms';", milliseconds(self.patience.of_each(strong)))
    }

    /// Steps outside transactions, recorded before they begin: should the run end here, the next knows whose they are.
    ///
    /// While such a step waits nobody waits for it, so it waits for as long as there is patience.
    async fn alone(&mut self, change: &Change, record: Record<'_>) -> Result<(), MigrationError> {
        let (begun, watch, observer) = (Instant::now(), self.watch, self.observer);
        if let Record::Done(run) = record {
            journal::record(self.connection, run, change, false).await.map_err(MigrationError::Journal)?;
        }
        for step in &change.steps {
            let (done, seen) = watch.over(observer, &change.name, self.by_itself(step, &step.up)).await;
            let Err(source) = done else { continue };
            if is_contention(&source) {
                return Err(gave_up(change, begun, seen));
            }
            // A half-built unique index would go on refusing rows. If it can't be dropped now, the next run does it.
            if let Some(down) = step.down.as_deref().filter(|down| down.starts_with("DROP INDEX")) {
                drop(self.by_itself(step, down).await);
            }
            return Err(step_failed(change, &step.reason, source));
        }
        let recorded = match record {
            Record::Nothing => Ok(()),
            Record::Done(run) => journal::finish(self.connection, run, change).await,
            Record::Undone(records) => journal::forget_steps(self.connection, records).await,
        };
        recorded.map_err(MigrationError::Journal)
    }

    async fn by_itself(&mut self, step: &Step, sql: &str) -> Result<(), sqlx::Error> {
        let begin = format!(
            "SET lock_timeout = '{}ms'; {}",
            milliseconds(self.patience.end()),
            session::act(step.actor, self.owner, session::Scope::Session)
        );
        let end = format!("RESET lock_timeout; {}", session::act(Actor::Owner, self.owner, session::Scope::Session));
        sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut *self.connection).await?;
        // By itself: two statements in one message would be a transaction.
        let done = sqlx::raw_sql(AssertSqlSafe(sql.trim_end())).execute(&mut *self.connection).await;
        let reset = sqlx::raw_sql(AssertSqlSafe(end)).execute(&mut *self.connection).await;
        done.and(reset).map(drop)
    }
}

/// For a setting, where 0 would mean without end.
fn milliseconds(duration: Duration) -> u128 {
    duration.as_millis().clamp(1, i32::MAX.unsigned_abs().into())
}

fn step_failed(change: &Change, step: &str, source: sqlx::Error) -> MigrationError {
    MigrationError::Step { change: change.name.clone(), step: step.to_owned(), source }
}

fn gave_up(change: &Change, begun: Instant, blockers: Option<String>) -> MigrationError {
    let locks = change.steps.iter().flat_map(|step| &step.locks).filter(|lock| lock.reach != Reach::Partition);
    let tables: BTreeSet<String> = locks.map(Lock::table).collect();
    let tables: Vec<String> = tables.into_iter().collect();
    MigrationError::Lock {
        change: change.name.clone(),
        tables: tables.join(", "),
        waited: begun.elapsed().as_secs(),
        blockers,
        half_built: !change.in_transaction,
    }
}
