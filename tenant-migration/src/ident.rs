//! Identifiers that can only be printed quoted.

use std::fmt;

use tenant_core::TableName;

/// The longest identifier PostgreSQL keeps (`NAMEDATALEN` - 1): it cuts longer ones silently, and two could become one.
pub(crate) const MAX_BYTES: usize = 63;

/// The name of a database object. Its `Display` is quoted SQL, and there is no other way to print it into SQL.
///
/// ```
/// use tenant_migration::Ident;
///
/// assert_eq!(Ident::new("docking_jobs")?.to_string(), r#""docking_jobs""#);
/// assert_eq!(Ident::new(r#"a"b"#)?.to_string(), r#""a""b""#);
/// assert!(Ident::new("x".repeat(64)).is_err());
/// # Ok::<_, tenant_migration::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(Box<str>);

impl Ident {
    /// An identifier of this text, case and all.
    ///
    /// # Errors
    /// [`IdentError`] when PostgreSQL could not keep the name as it is.
    pub fn new(name: impl Into<String>) -> Result<Self, IdentError> {
        let name = name.into();
        if name.is_empty() {
            Err(IdentError::Empty)
        } else if name.contains('\0') {
            Err(IdentError::Nul { name })
        } else if name.len() > MAX_BYTES {
            Err(IdentError::TooLong { bytes: name.len(), name })
        } else {
            Ok(Self(name.into()))
        }
    }

    /// A name that is part of this program.
    pub(crate) fn known(name: &'static str) -> Self {
        debug_assert!(!name.is_empty() && name.len() <= MAX_BYTES, "{name}");
        Self(name.into())
    }

    /// A name that the server gave, and so keeps.
    pub(crate) fn live(name: &str) -> Self {
        Self(name.into())
    }

    /// The bare name, for comparisons and messages.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn all<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, IdentError> {
        names.into_iter().map(Self::new).collect()
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// A list of identifiers, separated by commas.
pub(crate) struct List<'a>(pub(crate) &'a [Ident]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, ident) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{ident}")?;
        }
        Ok(())
    }
}

/// The name of an object with its schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct QualifiedName {
    pub(crate) schema: Ident,
    pub(crate) name: Ident,
}

impl TryFrom<&TableName> for QualifiedName {
    type Error = IdentError;

    fn try_from(name: &TableName) -> Result<Self, IdentError> {
        Ok(Self { schema: Ident::new(&*name.schema)?, name: Ident::new(&*name.table)? })
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// Why a text can't be an [`Ident`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentError {
    /// No text.
    #[error("a name can't be empty")]
    Empty,
    /// PostgreSQL ends a name at its first NUL.
    #[error("the name {name:?} contains a NUL character")]
    Nul {
        /// The text.
        name: String,
    },
    /// PostgreSQL cuts a name after 63 bytes.
    #[error("the name \"{name}\" has {bytes} bytes, and PostgreSQL keeps 63: choose a shorter one")]
    TooLong {
        /// The text.
        name: String,
        /// Its length in UTF-8.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_postgresql_would_change_is_refused() {
        assert_eq!(Ident::new(""), Err(IdentError::Empty));
        assert!(matches!(Ident::new("a\0b"), Err(IdentError::Nul { .. })));
        assert!(Ident::new("é".repeat(31)).is_ok());
        assert!(matches!(Ident::new("é".repeat(32)), Err(IdentError::TooLong { bytes: 64, .. })));
    }

    #[test]
    fn quotes_in_a_name_stay_inside_it() {
        let name = QualifiedName {
            schema: Ident::new("public").expect("fits"),
            name: Ident::new("x\"; DROP TABLE y; --").expect("fits"),
        };
        assert_eq!(name.to_string(), "\"public\".\"x\"\"; DROP TABLE y; --\"");
    }
}
