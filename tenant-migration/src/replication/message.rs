//! What PostgreSQL's log prints through `pgoutput`, as far as a move needs it.
//!
//! Source: "Logical Replication Message Formats" of PostgreSQL's manual, protocol version 1.

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A transaction: where its commit stands in the log, and the lower half of its number.
    Begin {
        commit: u64,
        xid: u32,
    },
    /// Its end: the first place in the log behind it.
    Commit {
        end: u64,
    },
    /// What rows of a table are printed as, from here on.
    Relation(Relation),
    Insert {
        relation: u32,
        new: Tuple,
    },
    /// `old` is there where the key changed, or where all columns are the identity.
    Update {
        relation: u32,
        old: Option<Tuple>,
        new: Tuple,
    },
    Delete {
        relation: u32,
        old: Tuple,
    },
    /// All rows of the tables go, whosever they are.
    Truncate {
        relations: Vec<u32>,
    },
    /// Nothing that changes a row.
    Other,
}

/// A table, as the log names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Relation {
    pub(crate) id: u32,
    pub(crate) schema: String,
    pub(crate) name: String,
    /// The columns that are printed, in the order in which they are.
    pub(crate) columns: Vec<String>,
}

/// A row, in the order of its table's columns.
pub(crate) type Tuple = Vec<Value>;

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    /// It is large and stays what it was.
    Unchanged,
    Text(String),
}
