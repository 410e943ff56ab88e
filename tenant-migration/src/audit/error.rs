//! Why the access log could not be sealed, verified, exported or erased from.

use std::path::PathBuf;

use crate::error::describe_sqlx;

use super::key::KeyError;

/// Why something could not be done with the access log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// A key can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database refused, or was lost.
    #[error("the database refused or was lost: {}", describe_sqlx(.0))]
    Database(#[from] sqlx::Error),
    /// The schema is of an older version.
    #[error("the database has no access log: run `migrate up` first")]
    NoLog,
    /// The server is a standby, or sessions begin read-only.
    #[error("the database only reads: run this on the primary, as the migrator role")]
    ReadOnly,
    /// An entry's hash is of another length.
    #[error("entry {entry} has no hash of 32 bytes: somebody changed the log's table; run `migrate audit verify`")]
    NoHash {
        /// The entry.
        entry: i64,
    },
    /// The log came from another server, and transactions that are open there now may still write to it.
    #[error(
        "this log came with a dump of another server, and {} has been open since before it was looked at: run this again when \
         that has ended", .holder.as_deref().unwrap_or("a transaction")
    )]
    StillOpen {
        /// Whose.
        holder: Option<String>,
    },
    /// The anchor can't be read or written.
    #[error("the anchor {} can't be used: {reason}", .file.display())]
    AnchorFile {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// A line of the anchor is none.
    #[error("line {line} of the anchor {} is not one of the sealer's: {reason}", .file.display())]
    AnchorLine {
        /// The file.
        file: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// Why.
        reason: String,
    },
    /// The anchor knows a seal that the database doesn't have so.
    #[error(
        "seal {seal} of the anchor {} is not in the database: its chain was cut, or this is an older copy of it; run `migrate audit \
         verify --anchor`, and after a restore go on with a new anchor", .file.display()
    )]
    AnchorAhead {
        /// The file.
        file: PathBuf,
        /// The seal.
        seal: i64,
    },
    /// Entries are sealed, and the anchor doesn't say so.
    #[error("seal {seal} is made, but the anchor was not written: {source}; the next run adds what it lacks")]
    NotAnchored {
        /// The seal.
        seal: i64,
        /// Why.
        source: Box<Self>,
    },
    /// A time can't be read.
    #[error("`{text}` is no time: write one as PostgreSQL reads it, such as 2026-01-31 or 2026-01-31T12:00:00Z")]
    Time {
        /// What was given.
        text: String,
    },
    /// A list of entries can't be read.
    #[error("`{text}` names no entries: write numbers and ranges such as 3,7-9")]
    Entries {
        /// What was given.
        text: String,
    },
    /// A file of an export can't be read or written.
    #[error("the export {} can't be used: {reason}", .file.display())]
    ExportFile {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// An export is not what was sealed.
    #[error("line {line} of the export {}: {reason}", .file.display())]
    ExportLine {
        /// The file.
        file: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody says why values are to be erased.
    #[error("no reason: the log says why values were erased (--reason)")]
    NoReason,
    /// The log is not as it was sealed, so that an export of it would prove nothing.
    #[error("nothing was exported, because the log is not as it was sealed: {what}; run `migrate audit verify`")]
    Damaged {
        /// What is wrong first.
        what: String,
    },
}
