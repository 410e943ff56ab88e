//! What is said of an erasure while it goes on.

use std::fmt;

use serde::Serialize;

/// Is told how an erasure goes on, on the task that erases: what takes long there holds it up.
pub trait ErasureObserver: fmt::Debug + Send + Sync {
    /// Something happened, or goes on.
    fn notice(&self, event: &ErasureEvent);
}

/// What is said. As JSON, each is one object with its name as `event`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErasureEvent {
    /// Nothing is in the way: it is archived, and its rows are removed.
    Begun {
        /// From how many placements.
        placements: usize,
    },
    /// Rows of a table are being removed; said after each batch that is not the last.
    Removing {
        /// Where.
        placement: String,
        /// With its schema.
        table: String,
        /// How many until now.
        rows: u64,
    },
    /// A table has none any more.
    Removed {
        /// Where.
        placement: String,
        /// With its schema.
        table: String,
        /// How many this run removed.
        rows: u64,
    },
    /// The access log has no values of it any more.
    ValuesRemoved {
        /// Where.
        placement: String,
        /// Of how many entries.
        entries: i64,
    },
}

/// Tells `tracing`, for who watches nothing else.
#[derive(Debug)]
pub(super) struct Lines;

impl ErasureObserver for Lines {
    fn notice(&self, event: &ErasureEvent) {
        tracing::info!(?event, "an organisation is erased");
    }
}
