//! Whose chain an entry is in.

use std::fmt;

use sea_orm::prelude::Uuid;

/// An organisation's chain of batches, or that of the entries which are about none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Chain(pub(super) Uuid);

impl Chain {
    /// The chain of an entry.
    pub(super) fn of(organization: Option<Uuid>) -> Self {
        Self(organization.unwrap_or_default())
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_nil() { f.write_str("no organisation") } else { write!(f, "organisation {}", self.0) }
    }
}
