//! What a key is called.

use std::fmt;
use std::str::FromStr;

use super::error::KeyError;

/// The first 16 hexadecimal digits of the SHA-256 of a public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    pub(super) fn of(public_key: &[u8]) -> Self {
        let digest = crate::audit::digest::sha256(public_key);
        Self(std::array::from_fn(|index| digest[index]))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut id = [0; 8];
        let read = hex::decode_to_slice(text, &mut id);
        read.map(|()| Self(id)).map_err(|_| KeyError::MalformedId { text: text.chars().take(32).collect() })
    }
}
