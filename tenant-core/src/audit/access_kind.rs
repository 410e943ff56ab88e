//! What an entry of the access log is about.

use std::fmt;
use std::str::FromStr;

/// What an entry of the access log is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessKind {
    /// Rows were inserted.
    Insert,
    /// Rows were changed.
    Update,
    /// Rows were deleted.
    Delete,
    /// A table was emptied, of whoever's rows.
    Truncate,
    /// Rows were read.
    Read,
    /// A statement was refused.
    Denial,
    /// Somebody worked across tenants.
    System,
    /// A program refused to start.
    RefusedStart,
    /// Values that were logged were erased.
    Erasure,
    /// Old entries were dropped.
    Retention,
    /// Something that a newer release logs and this one doesn't know.
    Other,
}

/// A word that is no [`AccessKind`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is no kind of entry that this release knows: {}", .known.join(", "))]
pub struct ParseAccessKindError {
    word: String,
    known: Vec<&'static str>,
}

impl AccessKind {
    /// All that this release knows.
    pub const ALL: [Self; 10] = [
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Truncate,
        Self::Read,
        Self::Denial,
        Self::System,
        Self::RefusedStart,
        Self::Erasure,
        Self::Retention,
    ];

    /// Its word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Truncate => "truncate",
            Self::Read => "read",
            Self::Denial => "denial",
            Self::System => "system",
            Self::RefusedStart => "refused start",
            Self::Erasure => "erasure",
            Self::Retention => "retention",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AccessKind {
    type Err = ParseAccessKindError;

    fn from_str(word: &str) -> Result<Self, ParseAccessKindError> {
        let known = || Self::ALL.map(Self::as_str).to_vec();
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        kind.ok_or_else(|| ParseAccessKindError { word: word.to_owned(), known: known() })
    }
}
