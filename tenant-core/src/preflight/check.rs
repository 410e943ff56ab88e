//! The whole check.

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use super::{Access, PreflightError, PreflightProblem, deployment, function, role, system, tables};
use crate::{BindingMode, Deployment, Registry};

/// Settings under which PostgreSQL prints a policy's condition the same way everywhere: names outside `pg_catalog` with their
/// schema, and quotes only where they are needed.
const PLAIN: &str = "SELECT pg_catalog.set_config('search_path', '', true),
                            pg_catalog.set_config('quote_all_identifiers', 'off', true)";

/// What every transaction sets for itself where nothing can be set at start-up.
const STRINGS: &str = "SELECT pg_catalog.set_config('standard_conforming_strings', 'on', true)";

/// Checks the server, the role, every table of the registry (for tenants) or the log (for the system connection), and the record
/// of the last deploy, as the role that will run statements.
///
/// # Errors
/// [`PreflightError`] with everything that was found.
pub(crate) async fn check(
    connection: &mut PgConnection,
    registry: &Registry,
    mode: BindingMode,
    access: Access,
) -> Result<Deployment, PreflightError> {
    let mut problems = Vec::new();
    match questions(connection, registry, mode, access, &mut problems).await {
        Ok(Some(deployment)) if problems.is_empty() => return Ok(deployment),
        // What is missing is among the problems.
        Ok(_) => {}
        Err(failure) => problems.push(PreflightProblem::Query(failure)),
    }
    Err(PreflightError::new(problems))
}

/// Asks everything in one transaction, and prepares nothing by name: so that it works behind a pooler, and leaves nothing there.
async fn questions(
    connection: &mut PgConnection,
    registry: &Registry,
    mode: BindingMode,
    access: Access,
    problems: &mut Vec<PreflightProblem>,
) -> Result<Option<Deployment>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query(PLAIN).persistent(false).execute(&mut *transaction).await?;
    if mode == BindingMode::Transaction {
        sqlx::query(STRINGS).persistent(false).execute(&mut *transaction).await?;
    }
    let session = role::check(&mut transaction, access, problems).await?;
    let mut deployment = None;
    if function::check(&mut transaction, access, &session, problems).await? {
        match access {
            Access::Tenants => tables::check(&mut transaction, registry, &session, problems).await?,
            Access::System => system::check(&mut transaction, &session, problems).await?,
        }
        deployment = deployment::check(&mut transaction, registry, &session, problems).await?;
    }
    transaction.rollback().await?;
    Ok(deployment)
}
