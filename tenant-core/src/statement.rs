//! Running one statement on a connection, as each of SeaORM's methods wants it.

use std::sync::Arc;

use sea_orm::{DbErr, ExecResult, QueryResult, Values};
use sea_query_sqlx::SqlxValues;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres};

use crate::bound::BoundConnection;
use crate::error;
use crate::scope::ScopedStatement;

/// A statement as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    /// Shared with the cache it came from.
    pub(crate) text: Arc<str>,
    pub(crate) values: Values,
    /// Whether its session may be bound to anybody after it.
    pub(crate) may_bind: bool,
}

impl From<ScopedStatement> for Outgoing {
    fn from(scoped: ScopedStatement) -> Self {
        let may_bind = scoped.calls_unlisted();
        let (text, values) = scoped.into_parts();
        Self { text, values, may_bind }
    }
}

/// The statement as sqlx runs it on this connection.
pub(crate) fn prepare(bound: &mut BoundConnection, statement: Outgoing) -> Query<'static, Postgres, SqlxValues> {
    if statement.may_bind {
        bound.forget_binding();
    }
    sqlx::query_with(AssertSqlSafe(statement.text), SqlxValues(statement.values)).persistent(bound.prepares())
}

/// Runs a statement for its effect.
pub(crate) async fn execute(bound: &mut BoundConnection, statement: impl Into<Outgoing>) -> Result<ExecResult, DbErr> {
    let query = prepare(bound, statement.into());
    let outcome = bound.run(async |connection| query.execute(connection).await).await?;
    outcome.map(Into::into).map_err(error::exec)
}

/// Runs a statement for its first row.
pub(crate) async fn query_one(
    bound: &mut BoundConnection,
    statement: impl Into<Outgoing>,
) -> Result<Option<QueryResult>, DbErr> {
    let query = prepare(bound, statement.into());
    let outcome = bound.run(async |connection| query.fetch_optional(connection).await).await?;
    outcome.map(|row| row.map(Into::into)).map_err(error::query)
}

/// Runs a statement for its rows.
pub(crate) async fn query_all(
    bound: &mut BoundConnection,
    statement: impl Into<Outgoing>,
) -> Result<Vec<QueryResult>, DbErr> {
    let query = prepare(bound, statement.into());
    let outcome = bound.run(async |connection| query.fetch_all(connection).await).await?;
    outcome.map(|rows| rows.into_iter().map(Into::into).collect()).map_err(error::query)
}
