//! What rows held, and the commitment to it.

use super::digest::{Hash, sha256};

/// To what a salt and values, as PostgreSQL prints them, commit.
pub(super) fn commitment(salt: &[u8], changes: &str) -> Hash {
    sha256(&[salt, changes.as_bytes()].concat())
}
