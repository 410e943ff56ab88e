//! The entry in the access log that a program refused to start on a database.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use tokio::time::timeout;

use super::PreflightError;

/// How long the entry may take. Nobody needs it to go on.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the entry can be written: by a function that runs with its owner's rights, not with those of a program that came as
/// more than it should to a database that may be anybody's.
const RECORDS: &str = "
    SELECT coalesce((
        SELECT p.prosecdef AND pg_catalog.has_function_privilege(current_user, p.oid, 'EXECUTE')
          AND NOT pg_catalog.pg_is_in_recovery() AND pg_catalog.current_setting('transaction_read_only') = 'off'
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'tenancy' AND p.proname = 'record_refused_start'
          AND p.proargtypes::text = 'pg_catalog.text'::pg_catalog.regtype::pg_catalog.oid::text), false)";

const RECORD: &str = "SELECT tenancy.record_refused_start($1)";

/// Writes the problems to the access log of the database that was refused, if that can be done.
///
/// It never fails: what was found is told by the error itself, and an unsafe database may have no log at all.
pub(crate) async fn record_refused_start(connection: &mut PgConnection, server: &str, refusal: &PreflightError) {
    match timeout(PATIENCE, record(connection, refusal)).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => tracing::warn!("the refused start on {server} is not in its access log: {failure}"),
        Err(_) => {
            tracing::warn!("the refused start on {server} is not in its access log: no answer within {PATIENCE:?}")
        }
    }
}

async fn record(connection: &mut PgConnection, refusal: &PreflightError) -> Result<(), sqlx::Error> {
    if sqlx::query_scalar(RECORDS).persistent(false).fetch_one(&mut *connection).await? {
        sqlx::query(RECORD).bind(refusal.to_string()).persistent(false).execute(connection).await?;
    }
    Ok(())
}
