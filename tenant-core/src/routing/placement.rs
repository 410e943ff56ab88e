//! Where organisations' rows live.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A placement's name: what the catalog and the configuration call one database.
///
/// 1 to 48 characters of `a-z 0-9 _`, a letter first: it becomes part of names of databases, roles, environment variables and
/// files. It doesn't end in `_migrator`, because the variable of its URL would be that of another one's migrator.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlacementName(Arc<str>);

/// A text that can't be a [`PlacementName`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no placement's name: it has 1 to 48 characters of a-z 0-9 _, a letter first, and doesn't end in `_migrator`"
)]
pub struct ParsePlacementNameError {
    text: String,
}

impl PlacementName {
    /// How long a name may be, in characters: the names that are made from it have at most 63, which is PostgreSQL's limit.
    pub const MAX_LENGTH: usize = 48;

    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlacementName {
    type Err = ParsePlacementNameError;

    fn from_str(text: &str) -> Result<Self, ParsePlacementNameError> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_name = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(allowed)
            && text.len() <= Self::MAX_LENGTH
            && !text.ends_with("_migrator");
        if is_name { Ok(Self(text.into())) } else { Err(ParsePlacementNameError { text: text.to_owned() }) }
    }
}

impl fmt::Display for PlacementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom a placement holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlacementKind {
    /// Many organisations, kept apart by row-level security.
    Shared,
    /// One organisation alone. Row-level security stays on.
    Dedicated,
}

impl PlacementKind {
    /// The kind's name in the catalog.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Dedicated => "dedicated",
        }
    }
}

impl fmt::Display for PlacementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PlacementKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Shared, Self::Dedicated].into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownWord {
            what: "a placement's kind",
            word: text.to_owned(),
            known: "shared, dedicated",
        })
    }
}

/// A word that is none of those that the catalog knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not {what}: {known}")]
pub struct UnknownWord {
    pub(crate) what: &'static str,
    pub(crate) word: String,
    pub(crate) known: &'static str,
}

/// One database that holds organisations, as the catalog describes it.
///
/// Where it is reached and with which password is not in the catalog: [`PlacementUrls`](crate::PlacementUrls) resolves the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its name.
    pub name: PlacementName,
    /// Whom it holds.
    pub kind: PlacementKind,
    /// Its servers, `host` or `host:port` each: the router finds the one that accepts writes. Without any, the URL's.
    pub hosts: Vec<String>,
    /// How many connections each program opens to it at most. Without it, what the program was configured with; on a dedicated
    /// placement what the organisation's tier says.
    pub max_connections: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_another_name_elsewhere_is_refused() {
        for text in ["", "1a", "_a", "A", "a-b", "a b", "a.b", "ä", "a/b", "eu_migrator", &"a".repeat(49)] {
            assert!(text.parse::<PlacementName>().is_err(), "{text:?}");
        }
        for text in ["a", "eu_1", &"a".repeat(48)] {
            assert_eq!(text.parse::<PlacementName>().map(|name| name.to_string()), Ok(text.to_owned()));
        }
    }
}
