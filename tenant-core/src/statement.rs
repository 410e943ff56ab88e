//! Running one scoped statement on a connection, as each of SeaORM's methods wants it.

use sea_orm::{DbErr, ExecResult, QueryResult};
use sea_query_sqlx::SqlxValues;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Postgres};

use crate::bound::BoundConnection;
use crate::error;
use crate::scope::ScopedStatement;

/// The statement as sqlx runs it on this connection. Its text is shared with the cache it came from.
pub(crate) fn prepare(bound: &mut BoundConnection, scoped: ScopedStatement) -> Query<'static, Postgres, SqlxValues> {
    if scoped.calls_unlisted() {
        bound.forget_binding();
    }
    let (text, values) = scoped.into_parts();
    sqlx::query_with(AssertSqlSafe(text), SqlxValues(values)).persistent(bound.prepares())
}

/// Runs a statement for its effect.
pub(crate) async fn execute(bound: &mut BoundConnection, statement: ScopedStatement) -> Result<ExecResult, DbErr> {
    let query = prepare(bound, statement);
    let outcome = bound.run(async |connection| query.execute(connection).await).await?;
    outcome.map(Into::into).map_err(error::exec)
}

/// Runs a statement for its first row.
pub(crate) async fn query_one(
    bound: &mut BoundConnection,
    statement: ScopedStatement,
) -> Result<Option<QueryResult>, DbErr> {
    let query = prepare(bound, statement);
    let outcome = bound.run(async |connection| query.fetch_optional(connection).await).await?;
    outcome.map(|row| row.map(Into::into)).map_err(error::query)
}

/// Runs a statement for its rows.
pub(crate) async fn query_all(
    bound: &mut BoundConnection,
    statement: ScopedStatement,
) -> Result<Vec<QueryResult>, DbErr> {
    let query = prepare(bound, statement);
    let outcome = bound.run(async |connection| query.fetch_all(connection).await).await?;
    outcome.map(|rows| rows.into_iter().map(Into::into).collect()).map_err(error::query)
}
