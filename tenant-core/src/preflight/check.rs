//! The whole check.

use sqlx::postgres::PgConnection;

use super::{PreflightError, PreflightProblem, role, tables};
use crate::Registry;

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
    let role = role::check(connection, problems).await?;
    let migrated: bool =
        sqlx::query_scalar("SELECT pg_catalog.to_regprocedure('tenancy.current_tenant()') IS NOT NULL")
            .fetch_one(&mut *connection)
            .await?;
    if migrated {
        tables::check(connection, registry, &role, problems).await
    } else {
        problems.push(PreflightProblem::Unmigrated);
        Ok(())
    }
}
