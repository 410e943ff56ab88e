//! Files with a secret.

use std::path::Path;
use std::{fs, io};

use secrecy::SecretString;

/// Why a secret can't be read from a file.
#[derive(Debug)]
pub(crate) enum SecretFileFault {
    /// Others than its owner may read it.
    Open {
        /// As `chmod` has it.
        mode: u32,
    },
    Unreadable(io::Error),
}

/// What stands in a file that only its owner may read.
pub(crate) fn read(file: &Path) -> Result<SecretString, SecretFileFault> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;

        let mode = fs::metadata(file).map_err(SecretFileFault::Unreadable)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(SecretFileFault::Open { mode });
        }
    }
    fs::read_to_string(file).map(SecretString::from).map_err(SecretFileFault::Unreadable)
}
