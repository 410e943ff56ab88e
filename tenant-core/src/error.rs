//! What a tenant's connection can refuse, and how that travels through SeaORM's own error.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr};
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::audit::AuditError;
use crate::fence::FENCED;
use crate::scope::ScopeError;
use crate::{PoolError, RoutingError};

/// A refusal by a tenant's connection or transaction.
///
/// SeaORM's traits return [`DbErr`], so the refusal travels inside one; [`TenantError::of`] takes it out again:
///
/// ```
/// use tenant_core::TenantError;
///
/// fn status(error: &sea_orm::DbErr) -> u16 {
///     match TenantError::of(error) {
///         Some(TenantError::Refused(_)) => 400,
///         _ => 500,
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// The statement could not be shown to stay inside the tenant; nothing was sent.
    #[error(transparent)]
    Refused(#[from] ScopeError),
    /// An earlier statement of this transaction failed: nothing but rollback is possible, and nothing was committed.
    #[error(
        "an earlier statement of this transaction failed, so nothing of it can be committed: roll it back and begin again"
    )]
    TransactionFailed,
    /// An operation on this transaction was dropped before it ended, or its connection was lost: what the server did is
    /// unknown, the connection is closed, and the server rolls the transaction back.
    #[error(
        "an earlier operation of this transaction did not run to its end (dropped, timed out or disconnected), so its \
         connection was given up and the transaction is rolled back: begin again"
    )]
    TransactionLost,
    /// A nested transaction is still open; a statement of the outer one would become part of it. An outer transaction that
    /// is committed nevertheless is rolled back.
    #[error(
        "a nested transaction is still open: commit it, roll it back or drop it before the outer one is used or committed"
    )]
    NestedTransactionOpen,
    /// A stream of this transaction is still open, and holds its connection.
    #[error("a stream of this transaction is still open: read it to its end, or collect it, before the next statement")]
    StreamOpen,
    /// A nested transaction asked for an isolation level or access mode of its own.
    #[error(
        "a nested transaction is a savepoint and takes the outer one's isolation level and access mode: ask for them there"
    )]
    SavepointOptions,
    /// There was no database connection for it.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The router has no database for the organisation; nothing was sent.
    #[error(transparent)]
    Routing(#[from] RoutingError),
    /// The server did not answer a statement in time, longer than it is allowed to run there: the server or the network has
    /// stopped. What became of the statement is unknown; the connection is closed.
    #[error(
        "the server did not answer within {waited:?} (`answer_timeout`), so the connection was closed; whether the statement \
         took effect is unknown: is the server up, and is its statement_timeout shorter than that?"
    )]
    NoAnswer {
        /// How long it had.
        waited: Duration,
    },
    /// The server refused to write, because it is a standby now, or read-only by its settings: nothing was written, by this
    /// statement or earlier ones of its transaction. The connection is closed, and the next one is opened to a server that
    /// accepts writes, where several hosts are listed.
    #[error(
        "the server refused to write: it is a standby, or read-only by its settings, so nothing of this statement or its \
         transaction was written; begin again, which finds the primary if all hosts are listed"
    )]
    ReadOnlyServer {
        /// What the server said.
        source: sqlx::Error,
    },
    /// What the statement did was to be logged, and the access log has no partition for the month: so it was not done. The month
    /// is the database's present one, or that of an entry from up to an hour ago; the server keeps which one to itself.
    #[error(
        "the access log has no partition for the month of an entry, so what was to be logged was not done: run `migrate audit retain`, \
         or `migrate up`, which make the months ahead, and do so each month"
    )]
    NoLogMonth {
        /// What the server said.
        source: sqlx::Error,
    },
    /// What the statement did was to be logged, and the disk was full when the access log was written: so it was not done.
    #[error(
        "the server has no disk space for an entry of the access log, so what was to be logged was not done: make space, or drop old \
         months (`migrate audit retain`); a deploy with `AuditFailures::Count` lets writes go on without"
    )]
    NoLogSpace {
        /// What the server said.
        source: sqlx::Error,
    },
    /// The organisation is being moved to another database, or lives there by now: this one refuses it, and nothing was done.
    #[error(
        "the organisation is being moved to another database, or lives there by now: connect through `TenantRouter`, which waits and \
         follows it"
    )]
    Fenced {
        /// What the server said.
        source: sqlx::Error,
    },
    /// A statement that writes, locks rows or calls a function that the application allowed, on a connection for reads; nothing
    /// was sent.
    #[error(
        "a connection to a replica reads alone, and this statement writes, locks rows or calls a function that the application \
         allowed: run it on `TenantDatabase::connect`"
    )]
    ReplicaWrite,
    /// A statement that SeaORM built of entities, across tenants; nothing was sent.
    #[error(
        "SeaORM built this statement of an entity, which knows its rows by an id that each tenant may have, so it is not run across \
         tenants: give SQL of your own (`query_all_raw`, `find_by_statement`), or work in one tenant (`SystemDatabase::in_tenant`)"
    )]
    BuiltStatement,
    /// A kind of statement that is not run across tenants; nothing was sent.
    #[error(
        "{kind} is not run across tenants, only SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES, TABLE, EXPLAIN and SHOW: \
         transactions are begun and ended by their methods, everything else belongs to a migration"
    )]
    SystemStatement {
        /// The statement's first word.
        kind: String,
    },
    /// A statement that writes, locks rows or calls a function that the application allowed, in a transaction that was begun READ
    /// ONLY; nothing was sent. PostgreSQL itself refuses it, except where each read's entry is written in the transaction
    /// ([`ReadAudit::Durable`](crate::ReadAudit::Durable)).
    #[error(
        "the transaction was begun READ ONLY, and this statement writes, locks rows or calls a function that the application \
         allowed: begin it without that"
    )]
    ReadOnlyTransaction,
    /// The access log could not take a read's entry.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The transaction has already ended: with the one it was nested in, which was ended or dropped.
    #[error("the transaction has already ended, together with the one it was nested in")]
    TransactionEnded,
}

impl TenantError {
    /// The refusal inside SeaORM's error, if that is what it is.
    #[must_use]
    pub fn of(error: &DbErr) -> Option<&Self> {
        match error {
            DbErr::TryIntoErr { source, .. } => source.downcast_ref(),
            _ => None,
        }
    }
}

impl TenantError {
    /// Whether the transaction refused the statement because of what happened before.
    pub(crate) fn was_not_sent(error: &DbErr) -> bool {
        matches!(Self::of(error), Some(Self::TransactionFailed | Self::TransactionLost | Self::TransactionEnded))
    }

    pub(crate) fn is_of_the_fence(error: &DbErr) -> bool {
        matches!(Self::of(error), Some(Self::Fenced { .. }))
    }

    pub(crate) fn is_of_a_read_only_server(error: &DbErr) -> bool {
        matches!(Self::of(error), Some(Self::ReadOnlyServer { .. }))
    }
}

impl From<TenantError> for DbErr {
    fn from(error: TenantError) -> Self {
        // The one variant of `DbErr` that keeps a foreign error whole; it prints as
        // "Error converting `statement` into `tenant's statement`: …".
        Self::TryIntoErr { from: "statement", into: "tenant's statement", source: Arc::new(error) }
    }
}

/// An error of a statement that reads, as SeaORM's own connections report it.
pub(crate) fn query(error: sqlx::Error) -> DbErr {
    reported(error, DbErr::Query)
}

/// An error of a statement that writes, as SeaORM's own connections report it.
pub(crate) fn exec(error: sqlx::Error) -> DbErr {
    reported(error, DbErr::Exec)
}

fn reported(error: sqlx::Error, variant: fn(RuntimeErr) -> DbErr) -> DbErr {
    match error {
        sqlx::Error::Io(failure) => match failure.downcast::<TenantError>() {
            Ok(own) => own.into(),
            Err(failure) => variant(RuntimeErr::SqlxError(Arc::new(sqlx::Error::Io(failure)))),
        },
        error if is_of_a_missing_log_month(&error) => TenantError::NoLogMonth { source: error }.into(),
        error if is_of_the_fence(&error) => TenantError::Fenced { source: error }.into(),
        error if is_of_a_log_without_space(&error) => TenantError::NoLogSpace { source: error }.into(),
        error => variant(RuntimeErr::SqlxError(Arc::new(error))),
    }
}

/// Whether the database refused an organisation that is being moved, or was.
pub(crate) fn is_of_the_fence(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).as_deref() == Some(FENCED)
}

/// Whether an entry of the access log found no partition: no constraint of the table was broken, the table has no place for it.
fn is_of_a_missing_log_month(error: &sqlx::Error) -> bool {
    let refusal = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    refusal.is_some_and(|refusal| {
        refusal.code() == "23514"
            && refusal.constraint().is_none()
            && refusal.schema() == Some("tenancy")
            && matches!(refusal.table(), Some("access_log" | "access_log_values"))
    })
}

/// Whether the disk was full when an entry of the access log was written. The message names a file alone, so the functions that ran
/// tell whose; their names stand in it whatever the server's language.
fn is_of_a_log_without_space(error: &sqlx::Error) -> bool {
    let refusal = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    let is_written_by = |stack: &str| LOG_WRITERS.iter().any(|function| stack.contains(function));
    refusal.is_some_and(|refusal| refusal.code() == "53100" && refusal.r#where().is_some_and(is_written_by))
}

/// The functions that write entries for an application's statements.
const LOG_WRITERS: [&str; 2] = ["tenancy.record_write(", "tenancy.record_accesses("];

/// Waits for the server's answer, but not longer than it may take.
pub(crate) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(patience, answer).await {
        Ok(outcome) => outcome,
        // Travels as an error of the connection, which it is.
        Err(_) => {
            Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, TenantError::NoAnswer { waited: patience })))
        }
    }
}

/// Whether the server or the network ended the session, rather than refused a statement in it.
///
/// The server, or a pooler, says so by the severity of its last message.
pub(crate) fn is_disconnection(error: &sqlx::Error) -> bool {
    match error {
        // Not one whose server is silent: it may still run the statement.
        sqlx::Error::Io(failure) => !failure.get_ref().is_some_and(|inner| inner.is::<TenantError>()),
        sqlx::Error::Database(refusal) => {
            let severity = refusal.try_downcast_ref().map(PgDatabaseError::severity);
            matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
        }
        _ => false,
    }
}

/// Whether the server ended the statement because it ran, or waited for a lock, for too long, or was cancelled by hand.
pub(crate) fn is_cancellation(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    matches!(code.as_deref(), Some("57014" | "55P03"))
}

/// Whether the statement was prepared for rows of another shape, because a table was altered since. The session keeps such
/// a statement for as long as it lives.
pub(crate) fn is_of_an_outdated_plan(refusal: &dyn DatabaseError) -> bool {
    // Told by the server's function, because the code means any feature that isn't supported, and the text is translated.
    refusal.code().as_deref() == Some("0A000")
        && refusal.try_downcast_ref().and_then(PgDatabaseError::routine) == Some("RevalidateCachedQuery")
}

/// The server's code of an error, if it is the server's.
pub(crate) fn state(error: &DbErr) -> Option<String> {
    match error {
        DbErr::Query(RuntimeErr::SqlxError(source)) | DbErr::Exec(RuntimeErr::SqlxError(source)) => {
            source.as_database_error().and_then(DatabaseError::code).map(Into::into)
        }
        _ => None,
    }
}

/// Whether the statement failed only because of what ran beside it: other transactions, or a standby's replay.
pub(crate) fn is_of_contention(error: &DbErr) -> bool {
    matches!(state(error).as_deref(), Some("40001" | "40P01"))
}

/// Whether the server refused a statement because it may not write there.
pub(crate) fn is_of_a_read_only_server(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).as_deref() == Some("25006")
}

/// The same error, told as the server's refusal to write.
pub(crate) fn read_only_server(source: sqlx::Error) -> sqlx::Error {
    sqlx::Error::Io(io::Error::other(TenantError::ReadOnlyServer { source }))
}

/// Whether this is the error of a statement whose session the server or the network ended.
pub(crate) fn is_of_disconnection(error: &DbErr) -> bool {
    match error {
        DbErr::Query(RuntimeErr::SqlxError(source)) | DbErr::Exec(RuntimeErr::SqlxError(source)) => {
            is_disconnection(source)
        }
        _ => false,
    }
}

/// Whether there was no connection because the database was closed.
pub(crate) fn is_of_closed_pool(error: &DbErr) -> bool {
    matches!(TenantError::of(error), Some(TenantError::Pool(PoolError::Closed)))
}
