//! The whole check.

use sqlx::postgres::PgConnection;

use super::{PreflightError, PreflightProblem, function, role, tables};
use crate::Registry;

/// Settings under which PostgreSQL prints a policy's condition the same way everywhere: names outside `pg_catalog` with their
/// schema, and quotes only where they are needed. The connection serves the check alone.
const PLAIN: &str = "SELECT pg_catalog.set_config('search_path', '', false),
                            pg_catalog.set_config('quote_all_identifiers', 'off', false)";

/// Checks the server, the role and every table of the registry, as the role that will run statements.
///
/// # Errors
/// [`PreflightError`] with everything that was found.
pub(crate) async fn check(connection: &mut PgConnection, registry: &Registry) -> Result<(), PreflightError> {
    let mut problems = Vec::new();
    if let Err(failure) = questions(connection, registry, &mut problems).await {
        problems.push(PreflightProblem::Query(failure));
    }
    if problems.is_empty() { Ok(()) } else { Err(PreflightError::new(problems)) }
}

async fn questions(
    connection: &mut PgConnection,
    registry: &Registry,
    problems: &mut Vec<PreflightProblem>,
) -> Result<(), sqlx::Error> {
    sqlx::query(PLAIN).execute(&mut *connection).await?;
    let session = role::check(connection, problems).await?;
    if function::check(connection, &session, problems).await? {
        tables::check(connection, registry, &session, problems).await?;
    }
    Ok(())
}
