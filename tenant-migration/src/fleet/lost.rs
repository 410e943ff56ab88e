//! A database of a list that can't be found.

/// A database that is named, and of which it isn't known where it is: its job fails before it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub(super) name: String,
    pub(super) reason: String,
}

impl Lost {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it can't be found.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}
