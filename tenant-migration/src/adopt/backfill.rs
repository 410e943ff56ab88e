//! Rows that are there are given their tenants, some at a time.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::adoption::{Adoption, Progress};
use super::check::search_path;
use super::rule::{Rule, Ruled, Rules, row};
use crate::ident::{Ident, QualifiedName};
use crate::live::{Kind, LiveTable};

/// Rows that fit on a page, about: the first batch goes by it, later ones by what was found.
const ROWS_A_PAGE: u32 = 100;

/// One table's filling.
pub(super) struct Backfill<'a> {
    pub(super) rules: &'a Rules<'a>,
    pub(super) ruled: &'a Ruled<'a>,
    pub(super) adoption: &'a Adoption,
    pub(super) owner: &'a Ident,
    /// Whether the application's own triggers can be left out, which would take each row for one that somebody changed.
    pub(super) silently: bool,
}

impl Backfill<'_> {
    /// Fills all rows for which the rule knows a tenant. Those that somebody else is writing are passed by and met again:
    /// nothing here waits for a program, so that none is ended for a deadlock with this.
    pub(super) async fn run(
        &self,
        connection: &mut PgConnection,
        parts: &[(&QualifiedName, &LiveTable)],
    ) -> Result<(), sqlx::Error> {
        loop {
            let (mut filled, mut undecided) = (0, 0);
            for (part, _) in parts.iter().filter(|(_, part)| part.kind == Kind::Table) {
                let (more, left) = self.sweep(connection, part).await?;
                filled += more;
                undecided += left;
            }
            let left = self.left(connection).await?;
            // Rows without a tenant are named by the check that follows.
            if left == 0 || (filled == 0 && left <= undecided) {
                return Ok(());
            }
            tokio::time::sleep(self.adoption.pause.max(std::time::Duration::from_millis(50))).await;
        }
    }

    /// Once over the pages of a table: how many rows were filled, and how many can't be.
    async fn sweep(&self, connection: &mut PgConnection, part: &QualifiedName) -> Result<(i64, i64), sqlx::Error> {
        let size = "SELECT pg_catalog.pg_relation_size(pg_catalog.to_regclass($1))
                      / CAST(pg_catalog.current_setting('block_size') AS int8)";
        let size = sqlx::query_scalar(size).bind(part.to_string()).persistent(false);
        let pages: i64 = size.fetch_one(&mut *connection).await?;
        let (mut page, mut step) = (0, i64::from((self.adoption.batch / ROWS_A_PAGE).max(1)));
        let (mut filled, mut undecided) = (0, 0);
        while page < pages {
            let (met, done) = self.batch(connection, part, page, page + step).await?;
            filled += done;
            undecided += met - done;
            page += step;
            let wanted = i64::from(self.adoption.batch);
            step = if met == 0 { step * 2 } else { (step * wanted / met).clamp(1, step * 2) };
            self.adoption.tell(&Progress {
                table: format!("{}.{}", part.schema.as_str(), part.name.as_str()),
                pages_done: page.min(pages).unsigned_abs(),
                pages: pages.unsigned_abs(),
                rows: filled.unsigned_abs(),
            });
            if met > 0 && !self.adoption.pause.is_zero() {
                tokio::time::sleep(self.adoption.pause).await;
            }
        }
        Ok((filled, undecided))
    }

    /// How many rows without a tenant were met on these pages, and how many of them have one now.
    async fn batch(
        &self,
        connection: &mut PgConnection,
        part: &QualifiedName,
        from: i64,
        to: i64,
    ) -> Result<(i64, i64), sqlx::Error> {
        let (here, key) = (row(0), &self.ruled.key);
        // The last page that a row can be on is 4294967294.
        let to = to.min(4_294_967_295);
        let sql = format!(
            "WITH met AS MATERIALIZED (
               SELECT {here}.ctid AS place, {} AS tenant FROM ONLY {part} AS {here}
               WHERE {here}.{key} IS NULL AND {here}.ctid >= '({from},0)' AND {here}.ctid < '({to},0)'
               FOR NO KEY UPDATE OF {here} SKIP LOCKED
             ), filled AS (
               UPDATE ONLY {part} AS filled SET {key} = met.tenant FROM met
               WHERE filled.ctid = met.place AND met.tenant IS NOT NULL RETURNING 1
             )
             SELECT (SELECT count(*) FROM met), (SELECT count(*) FROM filled)",
            self.rules.by_rule(self.ruled, 0)
        );
        let mut transaction = connection.begin().await?;
        let silently = if self.silently { "SET LOCAL session_replication_role = replica; " } else { "" };
        let prepare = format!("{silently}SET LOCAL ROLE {}; {}", self.owner, search_path(self.ruled.schema.name()));
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *transaction).await?;
        let done = sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(done)
    }

    async fn left(&self, connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
        let sql = format!("SELECT count(*) FROM {} WHERE {} IS NULL", self.ruled.schema.name(), self.ruled.key);
        sqlx::query_scalar(AssertSqlSafe(sql)).persistent(false).fetch_one(connection).await
    }

    /// What is filled by what, in a line.
    pub(super) fn describe(&self) -> String {
        let rule = self.ruled.rule.as_ref().map_or_else(String::new, Rule::to_string);
        format!("table {}: rows are given their tenant by {rule}", self.ruled.schema.described())
    }
}
