//! What is wrong with a file.

use std::io;

/// Why a file is no archive that can be trusted, or can't be read or written. Nothing was done to any database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveFault {
    /// The file can't be read or written.
    #[error("{0}")]
    File(io::Error),
    /// It is something else.
    #[error("it is no archive of an organisation")]
    NotAnArchive,
    /// A later version of this program made it.
    #[error("it is of version {version} of the format, and this program knows version 1: use the program that made it")]
    Newer {
        /// Its version.
        version: String,
    },
    /// It ends too soon.
    #[error("it ends before its end: it was cut short; take another copy of it")]
    Truncated,
    /// It is not as it was made.
    #[error("it is not as it was made ({what}): take another copy of it")]
    Altered {
        /// What shows that.
        what: String,
    },
    /// It can't be read without a key.
    #[error("it is encrypted: give its passphrase or an identity that it was encrypted for")]
    Encrypted,
    /// There is a key, and nothing that it would open.
    #[error(
        "it is not encrypted, and a passphrase or an identity was given: whoever could replace the file may have made it; to trust it \
         all the same, give neither"
    )]
    NotEncrypted,
    /// The key is another.
    #[error("it can't be opened: {reason}")]
    WrongKey {
        /// Why not.
        reason: String,
    },
    /// A key is none.
    #[error("{what}: {reason}")]
    Key {
        /// Which.
        what: String,
        /// Why not.
        reason: String,
    },
}

impl ArchiveFault {
    pub(super) fn altered(what: impl Into<String>) -> Self {
        Self::Altered { what: what.into() }
    }

    /// Of an error in the middle of reading: the layers above the file say so when what it holds is at fault.
    pub(super) fn reading(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ if error.raw_os_error().is_some() => Self::File(error),
            _ => Self::altered(error.to_string()),
        }
    }
}
