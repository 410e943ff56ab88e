//! What logs a table's writes, as `tables.sql` describes it.

use serde::Deserialize;

use super::LiveName;

/// A trigger whose name is one of the framework's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LiveTrigger {
    pub(crate) name: String,
    /// `tgtype`.
    pub(crate) event: i16,
    /// `tgenabled`.
    pub(crate) enabled: String,
    pub(crate) old_table: Option<String>,
    pub(crate) new_table: Option<String>,
    /// Whether it fires whatever the rows are, and hands its function nothing.
    pub(crate) plain: bool,
    /// The statement that makes it, as the server prints it.
    pub(crate) definition: String,
    pub(crate) marked: bool,
    pub(crate) function: LiveFunction,
}

/// The function that a trigger calls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct LiveFunction {
    #[serde(flatten)]
    pub(crate) name: LiveName,
    pub(crate) owner: String,
    pub(crate) language: String,
    pub(crate) text: String,
    pub(crate) definer: bool,
    /// As triggers' functions are: whether it is VOLATILE, and not LEAKPROOF.
    pub(crate) ordinary: bool,
    pub(crate) settings: Vec<String>,
    /// Who may execute it, but for its owner.
    pub(crate) executors: Vec<String>,
    /// The statement that makes it, as the server prints it.
    pub(crate) definition: String,
    /// Whether a trigger of a table that is no part of this one calls it too.
    pub(crate) shared: bool,
}
