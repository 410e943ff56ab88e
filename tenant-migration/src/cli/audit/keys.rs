//! The keys that arguments and the environment name.

use std::path::PathBuf;

use clap::Args;

use crate::audit::{AuditError, KeyError, PublicKey, PublicKeys, SealingKey};

/// Where the secret key is.
#[derive(Debug, Args)]
pub(in crate::cli) struct SecretKey {
    /// A file with the key to sign with, which only its owner may read; else the key is in TENANT_AUDIT_KEY
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl SecretKey {
    pub(in crate::cli) fn read(&self) -> Result<SealingKey, AuditError> {
        Ok(SealingKey::read(self.key_file.as_deref())?)
    }

    /// `None` where none is given.
    pub(in crate::cli) fn read_if_any(&self) -> Result<Option<SealingKey>, AuditError> {
        match self.read() {
            Ok(key) => Ok(Some(key)),
            Err(AuditError::Key(KeyError::NoSecret)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Which public keys there are.
#[derive(Debug, Args)]
pub(in crate::cli) struct VerifyingKeys {
    /// A key that signatures may be of; several, where keys were rotated. Without it: that of the key to sign with
    #[arg(long = "public-key", value_name = "KEY", env = "TENANT_AUDIT_PUBLIC_KEYS", value_delimiter = ',')]
    public_keys: Vec<String>,

    #[command(flatten)]
    secret: SecretKey,
}

impl VerifyingKeys {
    pub(in crate::cli) fn read(&self) -> Result<PublicKeys, AuditError> {
        let given = self.public_keys.iter().filter(|key| !key.is_empty());
        let given: PublicKeys = given.map(|key| key.parse::<PublicKey>()).collect::<Result<_, _>>()?;
        if !given.is_empty() {
            return Ok(given);
        }
        match self.secret.read() {
            Ok(key) => Ok([key.public()].into_iter().collect()),
            Err(AuditError::Key(KeyError::NoSecret)) => Err(KeyError::NoPublic.into()),
            Err(error) => Err(error),
        }
    }
}
