//! Closes what was written: numbers it, and signs that it was so.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::prelude::Uuid;
use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::anchor::Anchor;
use super::batch_writer::BatchWriter;
use super::chain::Chain;
use super::error::AuditError;
use super::key::SealingKey;
use super::lag::Lag;
use super::leaf::Leaf;
use super::moment::Moment;
use super::seal::Seal;
use super::session;
use super::unsealed::{Snapshot, Unsealed};
use crate::advisory_lock::AdvisoryLock;
use crate::progress::{Event, Lines, Observer};

/// How often a sealer that waits for another asks whether it is over.
const PAUSE: Duration = Duration::from_millis(250);

/// How many entries are read at once.
const FETCH: &str = "FETCH 8192 FROM unsealed";

/// Seals the access log of a database. It reads as anybody reads, and locks nothing that writers need.
///
/// ```no_run
/// use sqlx::{Connection, PgConnection};
/// use tenant_migration::audit::{Sealer, SealingKey};
///
/// # async fn seal() -> Result<(), Box<dyn std::error::Error>> {
/// let mut connection = PgConnection::connect("postgres://tenancy_migrator@localhost/app").await?;
/// let sealing = Sealer::new(SealingKey::read(None)?).seal(&mut connection).await?;
/// println!("{} entries", sealing.seal.map_or(0, |seal| seal.entries()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Sealer {
    key: SealingKey,
    anchor: Option<Anchor>,
    observer: Arc<dyn Observer>,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// The seal; `None` where there was nothing to be sealed.
    pub seal: Option<Seal>,
    /// What it had to leave.
    pub lag: Lag,
}

#[derive(sqlx::FromRow)]
struct Row {
    organization_id: Uuid,
    entry: i64,
    at: Moment,
    hash: Vec<u8>,
}

impl Sealer {
    /// Signs with this key.
    #[must_use]
    pub fn new(key: SealingKey) -> Self {
        Self { key, anchor: None, observer: Arc::new(Lines::default()) }
    }

    /// Adds each seal to this file too.
    #[must_use]
    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor: Some(anchor), ..self }
    }

    /// Tells this of what it waits for.
    #[must_use]
    pub fn observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Seals what was written by transactions that have ended. All of it, or nothing.
    ///
    /// The connection is the migrator's, and for nothing else: its settings are changed, and it holds the sealers' lock meanwhile.
    ///
    /// # Errors
    /// [`AuditError`].
    pub async fn seal(&self, connection: &mut PgConnection) -> Result<Sealing, AuditError> {
        session::prepare_to_write(connection).await?;
        self.wait_for_turn(connection).await?;
        let sealing = self.run(connection).await;
        // It goes with the session in any case.
        drop(AdvisoryLock::SEALER.release(connection).await);
        sealing
    }

    async fn run(&self, connection: &mut PgConnection) -> Result<Sealing, AuditError> {
        if let Some(anchor) = &self.anchor {
            anchor.check(connection).await?;
        }
        summarize(connection).await;
        let last = Seal::last(connection).await?;
        let unsealed = Unsealed::after(last.as_ref(), connection).await?;
        if let Unsealed::Restored { .. } = unsealed {
            let text = "the log came with a dump of another server: each entry is compared with what is sealed";
            self.observer.notice(&Event::Note { text });
        }
        let (seal, horizon) = self.write(connection, last, unsealed).await?;
        if let Some(anchor) = &self.anchor {
            let number = seal.as_ref().map_or(0, Seal::number);
            let anchored = anchor.follow(connection).await;
            anchored.map_err(|source| AuditError::NotAnchored { seal: number, source: Box::new(source) })?;
        }
        let lag = Lag::look(connection, horizon, unsealed.restored()).await?;
        Ok(Sealing { seal, lag })
    }

    /// Seals in one transaction, and says up to which transaction.
    async fn write(
        &self,
        connection: &mut PgConnection,
        last: Option<Seal>,
        unsealed: Unsealed,
    ) -> Result<(Option<Seal>, i64), AuditError> {
        let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
        let now = Snapshot::of(&mut transaction).await?;
        let horizon = unsealed.horizon(now);
        let declare = format!("DECLARE unsealed NO SCROLL CURSOR FOR {}", unsealed.query(now));
        sqlx::raw_sql(sqlx::AssertSqlSafe(declare)).execute(&mut *transaction).await?;

        let (number, previous) = last.map_or_else(|| (1, Vec::new()), |last| (last.seal + 1, last.hash));
        let mut batches = BatchWriter::new(number);
        loop {
            let rows: Vec<Row> = sqlx::query_as(FETCH).persistent(false).fetch_all(&mut *transaction).await?;
            if rows.is_empty() {
                break;
            }
            let leaves: Result<Vec<_>, _> = rows.iter().map(leaf).collect();
            batches.write(&mut transaction, &leaves?).await?;
        }
        let root = batches.finish(&mut transaction).await?;
        // One without entries says that the dump's are all sealed.
        if batches.entries == 0 && matches!(unsealed, Unsealed::Since { .. }) {
            return Ok((None, horizon));
        }
        let query = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)";
        let seal = Seal {
            seal: number,
            previous,
            root: root.to_vec(),
            batches: batches.batches,
            entries: batches.entries,
            horizon,
            restored: unsealed.restored(),
            sealed_at: sqlx::query_scalar(query).persistent(false).fetch_one(&mut *transaction).await?,
            key: String::new(),
            hash: Vec::new(),
            signature: Vec::new(),
        };
        let seal = seal.signed(&self.key);
        seal.insert(&mut transaction).await?;
        transaction.commit().await?;
        Ok((Some(seal), horizon))
    }

    async fn wait_for_turn(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let mut told = false;
        while AdvisoryLock::SEALER.try_take(connection).await?.is_none() {
            if !told {
                let holder = AdvisoryLock::SEALER.holder(connection).await?;
                let holder = holder.as_deref().unwrap_or("just ending");
                let text = format!("another sealer of this log runs ({holder}): waiting for it");
                self.observer.notice(&Event::Note { text: &text });
                told = true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

/// Lets the index by transaction tell of what is new: pages that it says nothing of are read by each run, and left to autovacuum they
/// would be those of the last minute and more. It is for speed alone, so that whoever vacuums the log needn't be waited for.
async fn summarize(connection: &mut PgConnection) {
    let sql = "SET lock_timeout = '200ms';
        SELECT brin_summarize_new_values(inhrelid) FROM pg_inherits
          WHERE inhparent = to_regclass('tenancy.access_log_by_transaction');";
    drop(sqlx::raw_sql(sql).execute(&mut *connection).await);
    drop(sqlx::raw_sql("RESET lock_timeout").execute(connection).await);
}

fn leaf(row: &Row) -> Result<(Chain, Leaf), AuditError> {
    let hash = row.hash.as_slice().try_into().map_err(|_| AuditError::NoHash { entry: row.entry })?;
    Ok((Chain(row.organization_id), Leaf { entry: row.entry, at: row.at, hash }))
}
