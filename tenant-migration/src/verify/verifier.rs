//! Asks a database all questions.

use std::sync::Arc;

use sqlx::postgres::{PgConnection, PgTransaction};
use sqlx::{AssertSqlSafe, Connection};

use super::finding::Finding;
use super::lint::{Lint, Look};
use super::lints::{FAILED, lints};
use super::report::Report;
use super::scope::{Known, Scope};
use crate::error::describe_sqlx;
use crate::tenancy::BEYOND_TENANTS;

/// What no lint may wait for, or run longer than.
const PREPARE: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '60s'";

/// Runs lints against a database.
#[derive(Clone, Debug)]
#[must_use = "a verifier finds nothing until it runs"]
pub struct Verifier {
    scope: Scope,
    lints: Vec<Lint>,
}

impl Verifier {
    /// A verifier with all [`lints`].
    pub fn new(scope: Scope) -> Self {
        Self { scope, lints: lints().copied().collect() }
    }

    /// Adds a lint of the application's own.
    pub fn lint(mut self, lint: Lint) -> Self {
        self.lints.push(lint);
        self
    }

    /// Asks all lints, in one read-only transaction that sees one state of the database.
    ///
    /// A lint whose query fails is a finding itself. The connection should be a superuser's or the owner's: a catalog that
    /// the role may not read hides what is in it.
    ///
    /// # Errors
    /// What the server said when the transaction itself could not be begun or ended.
    pub async fn run(&self, connection: &mut PgConnection) -> Result<Report, sqlx::Error> {
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(PREPARE).execute(&mut *transaction).await?;
        let known = self.scope.known(&mut transaction).await?;
        let version = "SELECT current_setting('server_version_num')::int4";
        let version: i32 = sqlx::query_scalar(version).persistent(false).fetch_one(&mut *transaction).await?;
        let mut findings = Vec::new();
        for lint in &self.lints {
            match lint.look() {
                Look::Runner => {}
                Look::Version(judge) => findings.extend(judge(version)),
                Look::Query(query) => match ask(&mut transaction, lint, query, &known).await {
                    Ok(found) => findings.extend(found),
                    Err(failure) => findings.push(failed(lint, &failure)),
                },
            }
        }
        transaction.rollback().await?;
        Ok(Report::new(findings, self.lints.clone()))
    }
}

/// The findings of one lint, in a savepoint of its own: one that fails doesn't end the transaction of the others.
async fn ask(
    transaction: &mut PgTransaction<'_>,
    lint: &Lint,
    query: &str,
    known: &Known,
) -> Result<Vec<Finding>, sqlx::Error> {
    let mut savepoint = transaction.begin().await?;
    let query = format!("{}, beyond_tenants AS ({BEYOND_TENANTS}) {query}", include_str!("scope.sql"));
    let query = sqlx::query_as(AssertSqlSafe(query))
        .bind(&known.schemas)
        .bind(&known.names)
        .bind(&known.keys)
        .bind(&known.app)
        .bind(&known.admin)
        .bind(Arc::as_ref(&known.registry));
    let found: Result<Vec<(String, String, String)>, _> = query.persistent(false).fetch_all(&mut *savepoint).await;
    savepoint.rollback().await?;
    let mut found: Vec<_> =
        found?.into_iter().map(|(object, detail, repair)| Finding::of(lint, object, detail, repair)).collect();
    found.sort();
    Ok(found)
}

fn failed(lint: &Lint, failure: &sqlx::Error) -> Finding {
    Finding::of(
        &FAILED,
        format!("lint {}", lint.id()),
        format!("its query failed, so what it looks for may be there: {}", describe_sqlx(failure)),
        "-- run verify as a superuser or as the owner of the tables".to_owned(),
    )
}
