//! Who signs: the secret key.

use std::fmt;
use std::path::Path;

use ed25519_dalek::{Signer, SigningKey};
use secrecy::{ExposeSecret, SecretString};

use super::error::KeyError;
use super::public::PublicKey;
use crate::audit::digest::{Digest, Hash};
use crate::secret_file::{self, SecretFileFault};

/// The variable that holds the secret.
const VARIABLE: &str = "TENANT_AUDIT_KEY";

/// The key that seals are signed with: of Ed25519, its secret 64 hexadecimal digits. Wiped from memory when dropped.
pub struct SealingKey(SigningKey);

impl SealingKey {
    /// A new one.
    ///
    /// # Errors
    /// [`KeyError::NoRandom`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| KeyError::NoRandom { reason: error.to_string() })?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The one of a file, else of `TENANT_AUDIT_KEY`.
    ///
    /// # Errors
    /// [`KeyError`] when there is none, it is none, or others may read the file.
    pub fn read(file: Option<&Path>) -> Result<Self, KeyError> {
        match file {
            Some(file) => Self::from_file(file),
            None => {
                let text = std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()).ok_or(KeyError::NoSecret)?;
                Self::from_secret(&SecretString::from(text), VARIABLE)
            }
        }
    }

    /// The one of this secret, which was found at `origin`.
    ///
    /// # Errors
    /// [`KeyError::MalformedSecret`], without the secret.
    pub fn from_secret(secret: &SecretString, origin: &str) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        let read = hex::decode_to_slice(secret.expose_secret().trim(), &mut seed);
        read.map_err(|_| KeyError::MalformedSecret { origin: origin.to_owned() })?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    fn from_file(file: &Path) -> Result<Self, KeyError> {
        let text = secret_file::read(file).map_err(|fault| match fault {
            SecretFileFault::Open { mode } => KeyError::FileOpen { file: file.to_owned(), mode },
            SecretFileFault::Unreadable(error) => KeyError::File { file: file.to_owned(), reason: error.to_string() },
        })?;
        Self::from_secret(&text, &file.display().to_string())
    }

    /// Its secret, for whoever keeps it.
    #[must_use]
    pub fn secret(&self) -> SecretString {
        SecretString::from(hex::encode(self.0.as_bytes()))
    }

    /// What its signatures are checked with.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(in crate::audit) fn sign(&self, hash: &Hash) -> Vec<u8> {
        self.0.sign(hash).to_bytes().to_vec()
    }

    /// Signs a text as one of this kind: as nothing else it passes.
    pub(crate) fn sign_text(&self, kind: &'static str, text: &str) -> Vec<u8> {
        self.sign(&Digest::of(kind).bytes(text.as_bytes()).finish())
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({})", self.public().id())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{KeyId, PublicKeys, SignatureFault};
    use super::*;

    fn key(digit: &str) -> SealingKey {
        SealingKey::from_secret(&SecretString::from(digit.repeat(64)), "a test").expect("a key")
    }

    /// RFC 8032, section 7.1, the first test: the same public key follows from the secret elsewhere.
    #[test]
    fn a_public_key_follows_from_the_secret() {
        let secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let key = SealingKey::from_secret(&SecretString::from(secret), "a test").expect("a key");
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(key.public().to_string(), public);
        assert_eq!(public.parse::<PublicKey>().expect("a key"), key.public());
        assert_eq!(key.secret().expose_secret(), secret);
        assert!(!format!("{key:?}").contains(secret));
    }

    #[test]
    fn a_signature_is_of_one_key_and_one_digest() {
        let (first, second) = (key("1"), key("2"));
        let (keys, name) = (PublicKeys::from_iter([first.public()]), first.public().id().to_string());
        let signature = first.sign(&[7; 32]);
        assert!(keys.check(&name, &[7; 32], &signature).is_ok());
        assert!(matches!(keys.check(&name, &[8; 32], &signature), Err(SignatureFault::Wrong(_))));
        assert!(matches!(keys.check(&name, &[7; 32], &second.sign(&[7; 32])), Err(SignatureFault::Wrong(_))));
        assert!(matches!(keys.check(&name, &[7; 32], &signature[1..]), Err(SignatureFault::Wrong(_))));
        let unknown = keys.check(&second.public().id().to_string(), &[7; 32], &signature).expect_err("unknown");
        let said = unknown.to_string();
        assert!(said.contains(&second.public().id().to_string()) && said.contains(&name), "{said}");
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let secret = SecretString::from("geheim".repeat(11));
        let said = SealingKey::from_secret(&secret, "TENANT_AUDIT_KEY").expect_err("none").to_string();
        assert!(said.contains("TENANT_AUDIT_KEY") && !said.contains("geheim"), "{said}");
        assert!("12".parse::<PublicKey>().is_err() && "xyz".parse::<KeyId>().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;

        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), format!("{}\n", key("3").secret().expose_secret())).expect("written");
        for (mode, is_refused) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("changed");
            match SealingKey::read(Some(file.path())) {
                Ok(read) => assert!(!is_refused && read.public() == key("3").public(), "{mode:o}"),
                Err(error) => assert!(is_refused && matches!(error, KeyError::FileOpen { .. }), "{mode:o}: {error}"),
            }
        }
    }

    #[test]
    fn new_keys_are_different() {
        let new = || SealingKey::generate().expect("a key").public();
        assert_ne!(new(), new());
    }
}
