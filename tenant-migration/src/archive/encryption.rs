//! Who can read an archive.

use std::fmt;
use std::io::{self, Read, Write};

use age::stream::{StreamReader, StreamWriter};
use age::{DecryptError, Decryptor, Encryptor, IdentityFile};
use secrecy::{ExposeSecret, SecretString};

use super::fault::ArchiveFault;

/// Who is to be able to read an archive; by [age](https://age-encryption.org/v1).
#[derive(Clone)]
pub struct Encryption(Readers);

#[derive(Clone)]
enum Readers {
    Passphrase(SecretString),
    Recipients(Vec<age::x25519::Recipient>),
}

impl Encryption {
    /// Whoever knows the passphrase. It is made a key by about a second of work.
    ///
    /// # Errors
    /// [`ArchiveFault::Key`] where it is empty.
    pub fn passphrase(passphrase: SecretString) -> Result<Self, ArchiveFault> {
        not_empty(passphrase).map(Readers::Passphrase).map(Self)
    }

    /// Whoever has the identity of one of these recipients, `age1…`.
    ///
    /// # Errors
    /// [`ArchiveFault::Key`] where there is none, or one is none.
    pub fn recipients(recipients: &[impl AsRef<str>]) -> Result<Self, ArchiveFault> {
        let read = |text: &str| {
            let key = |reason: &str| ArchiveFault::Key { what: text.to_owned(), reason: reason.to_owned() };
            text.parse::<age::x25519::Recipient>().map_err(key)
        };
        let all = recipients.iter().map(|text| read(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        if all.is_empty() {
            let (what, reason) = ("recipients".to_owned(), "there are none".to_owned());
            return Err(ArchiveFault::Key { what, reason });
        }
        Ok(Self(Readers::Recipients(all)))
    }

    pub(super) fn wrap<W: Write>(&self, out: W) -> io::Result<StreamWriter<W>> {
        let encryptor = match &self.0 {
            Readers::Passphrase(passphrase) => Encryptor::with_user_passphrase(passphrase.clone()),
            Readers::Recipients(all) => {
                let all = all.iter().map(|recipient| recipient as &dyn age::Recipient);
                Encryptor::with_recipients(all).map_err(io::Error::other)?
            }
        };
        encryptor.wrap_output(out)
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Readers::Passphrase(_) => f.write_str("Encryption(passphrase)"),
            Readers::Recipients(all) => f.debug_tuple("Encryption").field(all).finish(),
        }
    }
}

/// What opens an encrypted archive.
#[derive(Clone, Debug)]
pub struct Decryption(Opener);

#[derive(Clone, Debug)]
enum Opener {
    Passphrase(SecretString),
    Identities(SecretString),
}

impl Decryption {
    /// The passphrase that it was encrypted with.
    ///
    /// # Errors
    /// [`ArchiveFault::Key`] where it is empty.
    pub fn passphrase(passphrase: SecretString) -> Result<Self, ArchiveFault> {
        not_empty(passphrase).map(Opener::Passphrase).map(Self)
    }

    /// Identities as `age-keygen` writes them to a file, of which one is for a recipient that it was encrypted for.
    ///
    /// # Errors
    /// [`ArchiveFault::Key`] where they are none.
    pub fn identities(file: SecretString) -> Result<Self, ArchiveFault> {
        read_identities(&file)?;
        Ok(Self(Opener::Identities(file)))
    }

    pub(super) fn open<R: Read>(&self, input: R) -> Result<StreamReader<R>, ArchiveFault> {
        let wrong = |reason: &str| ArchiveFault::WrongKey { reason: reason.to_owned() };
        let decryptor = Decryptor::new(input).map_err(fault)?;
        match (&self.0, decryptor.is_scrypt()) {
            (Opener::Passphrase(passphrase), true) => {
                let identity = age::scrypt::Identity::new(passphrase.clone());
                decryptor.decrypt([&identity as &dyn age::Identity].into_iter()).map_err(fault)
            }
            (Opener::Identities(file), false) => {
                let all = read_identities(file)?;
                decryptor.decrypt(all.iter().map(|one| &**one as &dyn age::Identity)).map_err(fault)
            }
            (Opener::Passphrase(_), false) => {
                Err(wrong("it was encrypted for recipients: give an identity of one of them"))
            }
            (Opener::Identities(_), true) => Err(wrong("it was encrypted with a passphrase: give that")),
        }
    }
}

fn read_identities(file: &SecretString) -> Result<Vec<Box<dyn age::Identity + Send + Sync>>, ArchiveFault> {
    let key = |reason: String| ArchiveFault::Key { what: "the identities".to_owned(), reason };
    let read = IdentityFile::from_buffer(file.expose_secret().as_bytes()).map_err(|error| key(error.to_string()))?;
    let all = read.into_identities().map_err(|error| key(error.to_string()))?;
    if all.is_empty() { Err(key("there are none in the file".to_owned())) } else { Ok(all) }
}

/// The line break at the end of a file is no part of it.
fn not_empty(passphrase: SecretString) -> Result<SecretString, ArchiveFault> {
    let text = passphrase.expose_secret().trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        let (what, reason) = ("the passphrase".to_owned(), "it is empty".to_owned());
        return Err(ArchiveFault::Key { what, reason });
    }
    Ok(SecretString::from(text.to_owned()))
}

fn fault(error: DecryptError) -> ArchiveFault {
    let wrong = |reason: &str| ArchiveFault::WrongKey { reason: reason.to_owned() };
    match error {
        DecryptError::Io(error) => ArchiveFault::reading(error),
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => wrong("the passphrase is wrong"),
        DecryptError::NoMatchingKeys => wrong("it was not encrypted for this passphrase or any of these identities"),
        DecryptError::ExcessiveWork { .. } => wrong("its passphrase asks for more work than a passphrase may"),
        DecryptError::InvalidMac => ArchiveFault::altered("the list of those who may read it"),
        error => ArchiveFault::altered(error.to_string()),
    }
}
