//! One thing that was found.

use super::lint::{Lint, Severity};

/// One thing that was found, at one object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The id of the lint.
    pub lint: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The object, with its kind and schema: `policy wide on table public.molecules`.
    pub object: String,
    /// What is found.
    pub detail: String,
    /// The SQL that repairs it, with `…` where only its reader can know.
    pub repair: String,
}

impl Finding {
    /// A finding of `lint`.
    pub(super) fn of(lint: &Lint, object: String, detail: String, repair: String) -> Self {
        Self { lint: lint.id(), severity: lint.severity(), object, detail, repair }
    }
}
