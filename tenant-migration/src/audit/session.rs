//! The session that the log is read and sealed on.

use sqlx::postgres::PgConnection;

use super::error::AuditError;

/// A migrator's sessions begin without row-level security, where a policy's rows are an error: the log's policies let it read. A
/// role's timeouts would end what takes long, and a cursor's rows are all wanted.
const SETTINGS: &str = "SET row_security = on; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
    SET search_path = pg_catalog; SET TimeZone = 'UTC'; SET cursor_tuple_fraction = 1; SET work_mem = '64MB'";

/// Prepares a session, if its database has a log.
pub(super) async fn prepare(connection: &mut PgConnection) -> Result<(), AuditError> {
    sqlx::raw_sql(SETTINGS).execute(&mut *connection).await?;
    let query = "SELECT to_regclass('tenancy.access_log_seals') IS NOT NULL";
    let has_log: bool = sqlx::query_scalar(query).persistent(false).fetch_one(connection).await?;
    if has_log { Ok(()) } else { Err(AuditError::NoLog) }
}

/// The same for what writes.
pub(super) async fn prepare_to_write(connection: &mut PgConnection) -> Result<(), AuditError> {
    prepare(connection).await?;
    let query = "SELECT CAST(current_setting('transaction_read_only') AS boolean)";
    let reads: bool = sqlx::query_scalar(query).persistent(false).fetch_one(connection).await?;
    if reads { Err(AuditError::ReadOnly) } else { Ok(()) }
}
