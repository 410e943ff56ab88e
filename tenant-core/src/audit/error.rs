//! Why a read was not let through, or no log could be kept at all.

use std::time::Duration;

use sea_orm::DbErr;

/// Why a read of a table marked `audit(reads)` gave no rows, or a statement was not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// Its entry could not be written, so its rows are not handed out; what it wrote itself was undone. A stream's rows were
    /// handed out already.
    #[error(
        "the entry of this read could not be written to the access log, and without it (`ReadAudit::Durable`) no rows are handed \
         out: {source}; `migrate verify` says whether the log is as it should be"
    )]
    Unwritten {
        /// Why.
        source: DbErr,
    },
    /// The queue of entries stayed full; nothing was sent.
    #[error(
        "no entry of the access log could be written for {waited:?}, and all {capacity} that may wait do, so this read was not sent: \
         is the database up, and may the application call tenancy.record_accesses? The log of this program names the error"
    )]
    QueueFull {
        /// How long it waited.
        waited: Duration,
        /// How many entries may wait.
        capacity: usize,
    },
    /// Reads of a transaction are logged when it has ended; nothing was sent.
    #[error(
        "this transaction has read marked tables {entries} times, and no more entries may wait for its end: use several \
         transactions, a larger `capacity`, or `ReadAudit::Durable`"
    )]
    TransactionFull {
        /// How many wait for its end.
        entries: usize,
    },
}

/// A [`ReadAudit`](crate::ReadAudit) that no log could be kept by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditSettingsError {
    /// A setting is 0.
    #[error("{setting} of ReadAudit::Buffered is 0, with which no entry could ever be written: give more")]
    Zero {
        /// The setting.
        setting: &'static str,
    },
    /// More entries than can be counted.
    #[error("capacity of ReadAudit::Buffered is {given}, and at most {limit} entries can wait: lower it")]
    Capacity {
        /// What was given.
        given: usize,
        /// What can be.
        limit: usize,
    },
}
