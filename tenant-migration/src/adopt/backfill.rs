//! Rows that are there are given their tenants, some at a time.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::adoption::{Adoption, Progress};
use super::check::search_path;
use super::rule::{Rule, Ruled, Rules, row};
use crate::error::MigrationError;
use crate::ident::{Ident, QualifiedName};
use crate::live::{Kind, LiveTable};

/// Rows that fit on a page, about: the first batch goes by it, later ones by what was found.
const ROWS_A_PAGE: i64 = 100;

/// How long rows that others were writing are left to them.
const BETWEEN_SWEEPS: Duration = Duration::from_millis(100);

/// One table's filling.
pub(super) struct Backfill<'a> {
    pub(super) rules: &'a Rules<'a>,
    pub(super) ruled: &'a Ruled<'a>,
    pub(super) adoption: &'a Adoption,
    pub(super) owner: &'a Ident,
    /// How long it goes on without filling a row, while others hold the last ones.
    pub(super) patience: Duration,
    /// Whether the application's own triggers can be left out, which would take each row for one that somebody changed.
    pub(super) silently: bool,
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
        let mut idle_since = Instant::now();
        loop {
            for (part, _) in parts.iter().filter(|(_, part)| part.kind == Kind::Table) {
                if self.sweep(connection, part).await.map_err(MigrationError::Fill)? > 0 {
                    idle_since = Instant::now();
                }
            }
            let waited = idle_since.elapsed();
            match self.left(connection).await.map_err(MigrationError::Fill)? {
                0 => return Ok(()),
                _ if waited < self.patience => tokio::time::sleep(BETWEEN_SWEEPS).await,
                _ => {
                    let tables = self.ruled.schema.name().to_string();
                    let (change, waited) = (describe(self.ruled), waited.as_secs());
                    return Err(MigrationError::Lock { change, tables, waited, blockers: None });
                }
            }
        }
    }

    /// Once over the pages of a table: how many rows were filled.
    async fn sweep(&self, connection: &mut PgConnection, part: &QualifiedName) -> Result<i64, sqlx::Error> {
        let size = "SELECT pg_catalog.pg_relation_size(pg_catalog.to_regclass($1))
                      / CAST(pg_catalog.current_setting('block_size') AS int8)";
        let size = sqlx::query_scalar(size).bind(part.to_string()).persistent(false);
        let pages: i64 = size.fetch_one(&mut *connection).await?;
        let wanted = i64::from(self.adoption.batch);
        let (mut page, mut step, mut filled) = (0, (wanted / ROWS_A_PAGE).max(1), 0);
        while page < pages {
            let done = self.batch(connection, part, page, page + step).await?;
            filled += done;
            // A full batch may have left some of its pages' rows.
            if done < wanted {
                page += step;
                step = if done == 0 { step * 2 } else { (step * wanted / done).clamp(1, step * 2) };
            }
            self.adoption.tell(&Progress {
                table: format!("{}.{}", part.schema.as_str(), part.name.as_str()),
                pages_done: page.min(pages).unsigned_abs(),
                pages: pages.unsigned_abs(),
                rows: filled.unsigned_abs(),
            });
            if done > 0 && !self.adoption.pause.is_zero() {
                tokio::time::sleep(self.adoption.pause).await;
            }
        }
        Ok(filled)
    }

    /// How many rows on these pages were filled.
    async fn batch(
        &self,
        connection: &mut PgConnection,
        part: &QualifiedName,
        from: i64,
        to: i64,
    ) -> Result<i64, sqlx::Error> {
        let (here, key, rows) = (row(0), &self.ruled.key, self.adoption.batch);
        // The last page that a row can be on is 4294967294.
        let to = to.min(4_294_967_295);
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
             SELECT count(*) FROM filled",
            self.rules.by_rule(self.ruled, 0)
        );
        let mut transaction = connection.begin().await?;
        let silently = if self.silently { "SET LOCAL session_replication_role = replica; " } else { "" };
        let prepare = format!("{silently}SET LOCAL ROLE {}; {}", self.owner, search_path(self.ruled.schema.name()));
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *transaction).await?;
        let done = sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false).fetch_one(&mut *transaction).await?;
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
        sqlx::raw_sql(AssertSqlSafe(search_path(table))).execute(&mut *aside).await?;
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
