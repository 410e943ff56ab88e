//! Digests of several parts, each kind told from every other.

use sha2::{Digest as _, Sha256};

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// What is digested begins with its kind: no seal's digest can pass for a batch's, or for a node of a tree.
#[derive(Clone, Debug)]
pub(super) struct Digest(Sha256);

impl Digest {
    /// Of this kind.
    pub(super) fn of(kind: &'static str) -> Self {
        Self(Sha256::new()).bytes(kind.as_bytes())
    }

    /// Eight bytes, the highest first.
    pub(super) fn number(self, number: i64) -> Self {
        Self(self.0.chain_update(number.to_be_bytes()))
    }

    /// Their number, then the bytes themselves.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        Self(self.0.chain_update((bytes.len() as u64).to_be_bytes()).chain_update(bytes))
    }

    pub(super) fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

/// The SHA-256 of some bytes.
pub(super) fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}
