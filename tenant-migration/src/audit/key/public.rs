//! Who checks: public keys, several since keys are rotated.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};

use super::error::KeyError;
use super::id::KeyId;
use crate::audit::digest::{Digest, Hash};

/// A public key, of Ed25519: 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub(super) VerifyingKey);

impl PublicKey {
    /// What it is called.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(self.0.as_bytes())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::MalformedPublic { text: text.chars().take(80).collect() };
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| malformed())?;
        VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| malformed())
    }
}

/// All public keys that signatures may be of.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(BTreeMap<KeyId, PublicKey>);

impl PublicKeys {
    /// With one more.
    #[must_use]
    pub fn with(mut self, key: PublicKey) -> Self {
        self.0.insert(key.id(), key);
        self
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `key` signed a digest so.
    pub(in crate::audit) fn check(&self, key: &str, hash: &Hash, signature: &[u8]) -> Result<(), SignatureFault> {
        let id: KeyId = key.parse()?;
        let unknown = || KeyError::Unknown { wanted: id, given: self.0.keys().copied().collect() };
        let key = self.0.get(&id).ok_or_else(unknown)?;
        let signature = Signature::from_slice(signature).map_err(|_| SignatureFault::Wrong(id))?;
        // Strictly: of one digest there is one signature, and no key of small order signs it all.
        key.0.verify_strict(hash, &signature).map_err(|_| SignatureFault::Wrong(id))
    }

    /// Whether `key` signed a text of this kind so.
    pub(crate) fn check_text(
        &self,
        key: &str,
        kind: &'static str,
        text: &str,
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        self.check(key, &Digest::of(kind).bytes(text.as_bytes()).finish(), signature)
    }
}

impl FromIterator<PublicKey> for PublicKeys {
    fn from_iter<T: IntoIterator<Item = PublicKey>>(keys: T) -> Self {
        Self(keys.into_iter().map(|key| (key.id(), key)).collect())
    }
}

/// Why a signature doesn't hold.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignatureFault {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("its signature is not that of key {0}")]
    Wrong(KeyId),
    #[error("it is not signed")]
    Missing,
}
