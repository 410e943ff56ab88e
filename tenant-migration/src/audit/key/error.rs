//! Why a key can't be used. No message shows a secret.

use std::path::PathBuf;

use super::id::KeyId;

/// Why a key of the access log can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No secret key was given.
    #[error(
        "no key to sign with: give it in TENANT_AUDIT_KEY or in a file that only its owner reads, with --key-file; \
         `migrate audit keygen` makes one"
    )]
    NoSecret,
    /// No public key was given.
    #[error(
        "no key to check signatures with: give public keys with --public-key or in TENANT_AUDIT_PUBLIC_KEYS, those before a \
         rotation too"
    )]
    NoPublic,
    /// The file of a secret can't be read.
    #[error("the key file {} can't be read: {reason}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file of a secret is open to others.
    #[error(
        "the key file {} can be read by others than its owner (mode {mode:o}): run `chmod 600 {0}`, and `migrate audit keygen` \
         for another key if others may have read it", .file.display()
    )]
    FileOpen {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A secret is not one.
    #[error("the key in {origin} is none: 64 hexadecimal digits are expected, as `migrate audit keygen` prints them")]
    MalformedSecret {
        /// Where it was.
        origin: String,
    },
    /// A public key is not one.
    #[error("`{text}` is no public key: 64 hexadecimal digits are expected, as `migrate audit keygen` prints them")]
    MalformedPublic {
        /// Its beginning.
        text: String,
    },
    /// A key's name is not one.
    #[error("`{text}` names no key: 16 hexadecimal digits are expected")]
    MalformedId {
        /// Its beginning.
        text: String,
    },
    /// A key that something is signed with was not given.
    #[error(
        "signed with key {wanted}, which was not given (given: {}): give its public key with --public-key too",
        .given.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    )]
    Unknown {
        /// The key that it names.
        wanted: KeyId,
        /// The keys that were given.
        given: Vec<KeyId>,
    },
    /// The system gave no random numbers.
    #[error("the system gave no random numbers for a key: {reason}")]
    NoRandom {
        /// Why.
        reason: String,
    },
}
