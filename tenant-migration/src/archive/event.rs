//! What is said of an export, a restoration or a clone while it goes on.

use std::fmt;

use serde::Serialize;

/// Is told how the work goes on, on the task that does it: what takes long there holds it up.
pub trait ArchiveObserver: fmt::Debug + Send + Sync {
    /// Something happened, or goes on.
    fn notice(&self, event: &ArchiveEvent);
}

/// What is said. As JSON, each is one object with its name as `event`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ArchiveEvent {
    /// Rows of a table are on their way; said now and then.
    Copying {
        /// With its schema.
        table: String,
        /// How many rows until now.
        rows: u64,
        /// How many it may be: by the archive, or as PostgreSQL's planner guesses.
        expected: u64,
        /// How many bytes until now.
        bytes: u64,
        /// Bytes a second, since the table's first.
        rate: u64,
        /// In how many seconds it may be done, as far as that can be guessed.
        left_s: Option<u64>,
    },
    /// All rows of a table are through.
    Copied {
        /// With its schema.
        table: String,
        /// How many rows.
        rows: u64,
        /// How many bytes.
        bytes: u64,
        /// Bytes a second.
        rate: u64,
    },
    /// Rows that were there were removed.
    Removed {
        /// With its schema.
        table: String,
        /// How many.
        rows: u64,
    },
    /// What was written was read again, and is what was sent.
    Compared {
        /// How many tables.
        tables: usize,
        /// How many rows.
        rows: u64,
    },
}

/// Tells `tracing`, for who watches nothing else.
#[derive(Debug)]
pub(super) struct Lines;

impl ArchiveObserver for Lines {
    fn notice(&self, event: &ArchiveEvent) {
        tracing::info!(?event, "an organisation's rows are copied");
    }
}
