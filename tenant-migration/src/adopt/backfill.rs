//! Rows that are there are given their tenants, some at a time.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::adoption::Adoption;
use super::check::search_path;
use super::rule::{Rule, Ruled, Rules, row};
use super::stride::Stride;
use crate::error::MigrationError;
use crate::ident::QualifiedName;
use crate::live::{Kind, LiveTable};
use crate::progress::{Event, Observer};
use crate::role_names::RoleNames;
use crate::session::{self, Scope};
use crate::step::Actor;

/// How long rows that others were writing are left to them.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(100);

/// One table's filling.
pub(super) struct Backfill<'a> {
    pub(super) rules: &'a Rules<'a>,
    pub(super) ruled: &'a Ruled<'a>,
    pub(super) adoption: &'a Adoption,
    pub(super) roles: &'a RoleNames,
    pub(super) observer: &'a dyn Observer,
    /// How long it goes on without filling a row, while others hold the last ones.
    pub(super) patience: Duration,
    /// Whether the application's own triggers can be left out, which would take each row for one that somebody changed.
    pub(super) silently: bool,
}

/// What became of the rows that were met.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
struct Done {
    /// How many had a tenant to come, and nobody else was writing them.
    met: i64,
    filled: i64,
}

/// For how long a table is filled, and when that was said last, in seconds.
struct Told {
    begun: Instant,
    last: u64,
}

impl Backfill<'_> {
    /// Fills all rows for which the rule knows a tenant. Those that somebody else is writing are passed by and met again:
    /// nothing here waits for a program, so that none is ended for a deadlock with this.
    ///
    /// Rows without a tenant are named by the check that follows.
    pub(super) async fn run(
        &self,
        connection: &mut PgConnection,
        parts: &[(&QualifiedName, &LiveTable)],
    ) -> Result<(), MigrationError> {
        let change = describe(self.ruled);
        self.observer.notice(&Event::Begun { change: &change });
        let done = self.fill(connection, parts, &change).await;
        self.observer.notice(&Event::Ended { change: &change });
        done
    }

    async fn fill(
        &self,
        connection: &mut PgConnection,
        parts: &[(&QualifiedName, &LiveTable)],
        change: &str,
    ) -> Result<(), MigrationError> {
        let mut told = Told { begun: Instant::now(), last: 0 };
        let mut idle_since = Instant::now();
        let table = || self.ruled.schema.described().clone();
        let failed = |source| MigrationError::Fill { table: table(), source };
        loop {
            let mut met = 0;
            for (part, _) in parts.iter().filter(|(_, part)| part.kind == Kind::Table) {
                let done = self.sweep(connection, part, change, &mut told).await.map_err(failed)?;
                met += done.met;
                if done.filled > 0 {
                    idle_since = Instant::now();
                }
            }
            let waited = idle_since.elapsed();
            match self.left(connection).await.map_err(failed)? {
                0 => return Ok(()),
                _ if waited < self.patience => tokio::time::sleep(BETWEEN_SWEEPS).await,
                rows if met > 0 => return Err(MigrationError::Unfilled { table: table(), rows }),
                _ => {
                    let tables = self.ruled.schema.name().to_string();
                    let (change, waited) = (change.to_owned(), waited.as_secs());
                    return Err(MigrationError::Lock { change, tables, waited, blockers: None, half_built: false });
                }
            }
        }
    }

    /// Once over the pages of a table.
    async fn sweep(
        &self,
        connection: &mut PgConnection,
        part: &QualifiedName,
        change: &str,
        told: &mut Told,
    ) -> Result<Done, sqlx::Error> {
        let size = "SELECT pg_catalog.pg_relation_size(pg_catalog.to_regclass($1))
                      / CAST(pg_catalog.current_setting('block_size') AS int8)";
        let size = sqlx::query_scalar(size).bind(part.to_string()).persistent(false);
        let pages: i64 = size.fetch_one(&mut *connection).await?;
        let mut stride = Stride::new(i64::from(self.adoption.batch));
        let mut all = Done::default();
        while stride.page < pages {
            let done = self.batch(connection, part, stride).await?;
            all = Done { met: all.met + done.met, filled: all.filled + done.filled };
            stride = stride.next(done.filled);
            let elapsed = told.begun.elapsed();
            if elapsed.as_secs() > told.last {
                told.last = elapsed.as_secs();
                let phase = format!("{}: {} rows filled", part.name.as_str(), all.filled);
                let share = Some(stride.page.min(pages) as f64 / pages as f64);
                let phase = Some(phase.as_str());
                self.observer.notice(&Event::Working { change, elapsed, phase, share, blockers: None });
            }
            if done.filled > 0 && !self.adoption.pause.is_zero() {
                tokio::time::sleep(self.adoption.pause).await;
            }
        }
        Ok(all)
    }

    /// Rows of some pages, in a transaction of their own.
    async fn batch(
        &self,
        connection: &mut PgConnection,
        part: &QualifiedName,
        stride: Stride,
    ) -> Result<Done, sqlx::Error> {
        let (here, key, rows) = (row(0), &self.ruled.key, self.adoption.batch);
        // The last page that a row can be on is 4294967294.
        let (from, to) = (stride.page, stride.end().min(4_294_967_295));
        let sql = format!(
            "WITH met AS MATERIALIZED (
               SELECT {here}.ctid AS place, decided.tenant
               FROM ONLY {part} AS {here} CROSS JOIN LATERAL (SELECT {} AS tenant OFFSET 0) AS decided
               WHERE {here}.{key} IS NULL AND {here}.ctid >= '({from},0)' AND {here}.ctid < '({to},0)'
                 AND decided.tenant IS NOT NULL
               LIMIT {rows} FOR NO KEY UPDATE OF {here} SKIP LOCKED
             ), filled AS (
               UPDATE ONLY {part} AS filled SET {key} = met.tenant FROM met WHERE filled.ctid = met.place RETURNING 1
             )
             SELECT (SELECT count(*) FROM met) AS met, (SELECT count(*) FROM filled) AS filled",
            self.rules.by_rule(self.ruled, 0)
        );
        let mut transaction = connection.begin().await?;
        let silently = if self.silently { "SET LOCAL session_replication_role = replica; " } else { "" };
        let act = |actor| session::act_as(actor, self.roles, Scope::Transaction);
        let path = search_path(self.ruled.schema.name());
        let prepare = format!("{} {silently}{} {path}", act(Actor::Operator), act(Actor::Owner));
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *transaction).await?;
        let done = sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(done)
    }

    /// How many rows could be filled and are not.
    async fn left(&self, connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
        let (table, here) = (self.ruled.schema.name(), row(0));
        let rule = self.rules.by_rule(self.ruled, 0);
        let sql = format!(
            "SELECT count(*) FROM {table} AS {here} WHERE {here}.{} IS NULL AND {rule} IS NOT NULL",
            self.ruled.key
        );
        let mut aside = connection.begin().await?;
        // The owner may not see all rows.
        let act = session::act_as(Actor::Operator, self.roles, Scope::Transaction);
        let prepare = format!("{act} {}", search_path(table));
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *aside).await?;
        let left = sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false).fetch_one(&mut *aside).await?;
        aside.rollback().await?;
        Ok(left)
    }
}

/// What is filled by what, in a line.
pub(super) fn describe(ruled: &Ruled<'_>) -> String {
    let rule = ruled.rule.as_ref().map_or_else(String::new, Rule::to_string);
    format!("table {}: rows are given their tenant by {rule}", ruled.schema.described())
}
