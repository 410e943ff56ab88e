//! The entries that no run has sealed.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::error::AuditError;
use super::lag::holder;
use super::seal::Seal;

/// How long transactions that were open may go on before a log of another server is sealed.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// What of the log a run seals.
///
/// The number of a transaction that wrote an entry says whether it is sealed: all of transactions before the last seal's horizon are,
/// and all of those before the oldest open one have ended, so that no entry of theirs is still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsealed {
    /// The entries of transactions from one number on.
    Since { transaction: i64, restored: i64 },
    /// The log came with a dump of another server, whose transactions had other numbers: entries up to this one are compared with all
    /// that are sealed. All transactions that could have written them have ended; no other began before `horizon`.
    Restored { entry: i64, horizon: i64 },
}

/// The oldest transaction that is open, and the first that has not begun.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(super) struct Snapshot {
    pub(super) oldest: i64,
    pub(super) next: i64,
}

impl Snapshot {
    pub(super) async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let query = "SELECT CAST(CAST(pg_snapshot_xmin(now) AS text) AS bigint) AS oldest,
                       CAST(CAST(pg_snapshot_xmax(now) AS text) AS bigint) AS next
                     FROM pg_current_snapshot() AS now";
        sqlx::query_as(query).persistent(false).fetch_one(connection).await
    }
}

impl Unsealed {
    /// After this seal.
    pub(super) async fn after(last: Option<&Seal>, connection: &mut PgConnection) -> Result<Self, AuditError> {
        let (transaction, restored) = last.map_or((0, 0), |last| (last.horizon, last.restored));
        if !is_of_another_server(transaction, restored, connection).await? {
            return Ok(Self::Since { transaction, restored });
        }
        let before = Snapshot::of(connection).await?;
        let query = "SELECT coalesce(max(entry), 0) FROM tenancy.access_log";
        let entry = sqlx::query_scalar(query).persistent(false).fetch_one(&mut *connection).await?;
        // Who took a lower number may have begun since.
        let after = Snapshot::of(connection).await?;
        let begun = tokio::time::Instant::now();
        loop {
            let oldest = Snapshot::of(connection).await?.oldest;
            if oldest >= after.next {
                return Ok(Self::Restored { entry, horizon: before.oldest });
            }
            if begun.elapsed() > PATIENCE {
                return Err(AuditError::StillOpen { holder: holder(connection, oldest).await? });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Up to which transaction everything is sealed then.
    pub(super) const fn horizon(self, now: Snapshot) -> i64 {
        match self {
            Self::Since { .. } => now.oldest,
            Self::Restored { horizon, .. } => horizon,
        }
    }

    /// The highest entry that came with a dump.
    pub(super) const fn restored(self) -> i64 {
        match self {
            Self::Since { restored, .. } => restored,
            Self::Restored { entry, .. } => entry,
        }
    }

    /// The query for them, in the order in which they are numbered.
    pub(super) fn query(self, now: Snapshot) -> String {
        let (with, condition) = match self {
            Self::Since { transaction, restored } => {
                let until = now.oldest;
                let range =
                    format!("l.transaction >= {transaction} AND l.transaction < {until} AND l.entry > {restored}");
                (String::new(), range)
            }
            Self::Restored { entry, .. } => {
                let unknown = format!("l.entry <= {entry} AND {IS_NO_LEAF}");
                (leaves("true"), unknown)
            }
        };
        format!(
            "{with} SELECT coalesce(l.organization_id, '00000000-0000-0000-0000-000000000000') AS organization_id, l.entry,
               CAST(extract(epoch FROM l.at) * 1000000 AS bigint) AS at, l.hash
             FROM tenancy.access_log l WHERE {condition}
             ORDER BY 1, l.transaction, l.entry"
        )
    }
}

/// Whether the last seal, or an entry that it doesn't cover, knows of transactions that have not begun here.
async fn is_of_another_server(horizon: i64, restored: i64, connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let next = Snapshot::of(&mut transaction).await?.next;
    // The number stands in the text, for the planner to see that it is beyond almost all.
    let query =
        format!("SELECT EXISTS (SELECT FROM tenancy.access_log WHERE transaction >= {next} AND entry > {restored})");
    let query = sqlx::query_scalar(AssertSqlSafe(query)).persistent(false);
    let is_ahead: bool = query.fetch_one(&mut *transaction).await?;
    transaction.rollback().await?;
    Ok(horizon > next || is_ahead)
}

/// That an entry of the log as `l` is none of [`leaves`].
pub(super) const IS_NO_LEAF: &str = "NOT EXISTS (SELECT FROM sealed WHERE sealed.entry = l.entry
    AND sealed.at = CAST(extract(epoch FROM l.at) * 1000000 AS bigint))";

/// A common table expression `sealed` with the entries and times of all leaves of some batches, which are called `b`.
pub(super) fn leaves(condition: &str) -> String {
    let number = |from: u8| {
        format!("CAST(CAST('x' || encode(substring(b.leaves FROM n * 48 + {from} FOR 8), 'hex') AS bit(64)) AS bigint)")
    };
    format!(
        "WITH sealed AS MATERIALIZED (
           SELECT {} AS entry, {} AS at
           FROM tenancy.access_log_batches b, generate_series(0, octet_length(b.leaves) / 48 - 1) AS n WHERE {condition})",
        number(1),
        number(9)
    )
}
