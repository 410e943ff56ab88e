//! What a mover says while it works.

use std::fmt;

use serde::Serialize;

use crate::catalog::{Outcome, Stage};

/// Is told how a move goes on, on the task that moves: what takes long there holds it up.
pub trait MoveObserver: fmt::Debug + Send + Sync {
    /// Something happened, or goes on.
    fn notice(&self, event: &MoveEvent);
}

/// What is said of a move. As JSON, each is one object with its name as `event`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MoveEvent {
    /// A stage begins, or goes on where an earlier run ended.
    Stage {
        /// Which.
        stage: Stage,
    },
    /// Rows of a table are being copied; said now and then, and once all of them are.
    Copying {
        /// With its schema.
        table: String,
        /// How many bytes until now.
        bytes: u64,
        /// How many rows, once all of them are.
        rows: Option<u64>,
        /// Bytes a second, since the table's first.
        rate: u64,
    },
    /// Transactions that began before are waited for.
    Waiting {
        /// Whose they are.
        blockers: Vec<String>,
    },
    /// What the organisation wrote meanwhile was applied at the target.
    Followed {
        /// How many transactions.
        transactions: u64,
        /// How many rows were changed in them.
        changes: u64,
        /// How many milliseconds it took.
        ms: u64,
    },
    /// The rows that changed since both homes were compared are alike too.
    ComparedChanged {
        /// How many they are.
        rows: usize,
    },
    /// Both homes were compared, and were alike.
    Compared {
        /// How many tables.
        tables: usize,
        /// How many rows.
        rows: u64,
    },
    /// The organisation's statements go to the other home from now on.
    Switched {
        /// For how many milliseconds they waited, where one run saw the beginning and the end.
        pause_ms: Option<u64>,
    },
    /// Rows of a table were removed from the home that was left.
    Removed {
        /// With its schema.
        table: String,
        /// How many.
        rows: u64,
    },
    /// It has ended.
    Ended {
        /// How.
        outcome: Outcome,
    },
}
