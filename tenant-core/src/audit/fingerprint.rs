//! What a statement is known by in the log: its text is not kept, because it may hold anything.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The first eight bytes of the SHA-256 of a statement's text, which print as 16 hexadecimal digits.
///
/// Of a read, it is that of the text as it was sent, which [`Rewriter::rewrite`](crate::Rewriter::rewrite) gives; of a refused
/// statement, that of the text as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 8]);

/// A text that is no [`Fingerprint`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a statement's fingerprint has 16 hexadecimal digits, 0-9 and a-f")]
pub struct ParseFingerprintError;

impl Fingerprint {
    /// The fingerprint of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(first)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, ParseFingerprintError> {
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 16 || !text.as_bytes().iter().all(is_digit) {
            return Err(ParseFingerprintError);
        }
        let number = u64::from_str_radix(text, 16).map_err(|_| ParseFingerprintError)?;
        Ok(Self(number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_postgresql_would_say() {
        // left(encode(sha256('SELECT 1'), 'hex'), 16)
        let fingerprint = Fingerprint::of("SELECT 1");
        assert_eq!(fingerprint.to_string(), "e004ebd5b5532a4b");
        assert_eq!("e004ebd5b5532a4b".parse(), Ok(fingerprint));
        for text in ["", "e004ebd5b5532a4", "E004EBD5B5532A4B", "+004ebd5b5532a4b", "e004ebd5b5532a4bb"] {
            assert_eq!(text.parse::<Fingerprint>(), Err(ParseFingerprintError), "{text}");
        }
    }
}
