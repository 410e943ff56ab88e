//! The whole check.

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::{PreflightError, PreflightProblem, function, role, tables};
use crate::{BindingMode, Registry};

/// Settings under which PostgreSQL prints a policy's condition the same way everywhere: names outside `pg_catalog` with their
/// schema, and quotes only where they are needed.
const PLAIN: &str = "SELECT pg_catalog.set_config('search_path', '', true),
                            pg_catalog.set_config('quote_all_identifiers', 'off', true)";

/// What every transaction sets for itself where nothing can be set at start-up.
const STRINGS: &str = "SELECT pg_catalog.set_config('standard_conforming_strings', 'on', true)";

/// Checks the server, the role and every table of the registry, as the role that will run statements.
///
/// # Errors
/// [`PreflightError`] with everything that was found.
pub(crate) async fn check(
    connection: &mut PgConnection,
    registry: &Registry,
    mode: BindingMode,
) -> Result<(), PreflightError> {
    let mut problems = Vec::new();
    if let Err(failure) = questions(connection, registry, mode, &mut problems).await {
        problems.push(PreflightProblem::Query(failure));
    }
    if problems.is_empty() { Ok(()) } else { Err(PreflightError::new(problems)) }
}

/// Asks everything in one transaction, and prepares nothing by name: so that it works behind a pooler, and leaves nothing there.
async fn questions(
    connection: &mut PgConnection,
    registry: &Registry,
    mode: BindingMode,
    problems: &mut Vec<PreflightProblem>,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query(PLAIN).persistent(false).execute(&mut *transaction).await?;
    if mode == BindingMode::Transaction {
        sqlx::query(STRINGS).persistent(false).execute(&mut *transaction).await?;
    }
    let session = role::check(&mut transaction, problems).await?;
    if function::check(&mut transaction, &session, problems).await? {
        tables::check(&mut transaction, registry, &session, problems).await?;
    }
    transaction.rollback().await
}
