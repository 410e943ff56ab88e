//! That old months were dropped, signed.

use sqlx::postgres::PgConnection;

use super::digest::{Digest, Hash};
use super::key::{PublicKeys, SealingKey, SignatureFault};
use super::moment::Moment;

/// A row of `tenancy.access_log_retentions`: entries from before a time are gone because somebody with the key dropped them.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, serde::Serialize, serde::Deserialize)]
pub struct Retention {
    pub(super) retention: i64,
    pub(super) before: Moment,
    pub(super) dropped_at: Moment,
    /// The hash of the first seal, which no other log has: what was signed for one says nothing of another.
    #[serde(with = "super::hexadecimal")]
    pub(super) chain: Vec<u8>,
    /// None where it was dropped without a key.
    pub(super) key: Option<String>,
    #[serde(with = "super::hexadecimal::optional")]
    pub(super) signature: Option<Vec<u8>>,
}

impl Retention {
    /// Signs that all entries from before `before` were dropped at `dropped_at` from the log whose first seal has the hash `chain`;
    /// `retention` counts from 1 on.
    #[must_use]
    pub fn signed(retention: i64, before: Moment, dropped_at: Moment, chain: Vec<u8>, key: &SealingKey) -> Self {
        let name = key.public().id().to_string();
        let unsigned = Self { retention, before, dropped_at, chain, key: Some(name), signature: None };
        Self { signature: Some(key.sign(&unsigned.digest())), ..unsigned }
    }

    /// The name of the key that signed it.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The signature.
    #[must_use]
    pub fn signature(&self) -> Option<&[u8]> {
        self.signature.as_deref()
    }

    /// All that there are, in their order.
    pub(super) async fn all(connection: &mut PgConnection) -> Result<Vec<Self>, sqlx::Error> {
        let query = "SELECT retention, CAST(extract(epoch FROM before) * 1000000 AS bigint) AS before,
                       CAST(extract(epoch FROM dropped_at) * 1000000 AS bigint) AS dropped_at,
                       coalesce((SELECT hash FROM tenancy.access_log_seals ORDER BY seal LIMIT 1), '') AS chain, key, signature
                     FROM tenancy.access_log_retentions ORDER BY retention";
        sqlx::query_as(query).persistent(false).fetch_all(connection).await
    }

    /// Whether its signature is one of these keys', of what it says.
    pub(super) fn check(&self, keys: &PublicKeys) -> Result<(), SignatureFault> {
        match (&self.key, &self.signature) {
            (Some(key), Some(signature)) => keys.check(key, &self.digest(), signature),
            _ => Err(SignatureFault::Missing),
        }
    }

    fn digest(&self) -> Hash {
        let digest = Digest::of("tenancy.access_log_retentions 1").number(self.retention);
        let digest = digest.number(self.before.microseconds()).number(self.dropped_at.microseconds());
        digest.bytes(&self.chain).bytes(self.key.as_deref().unwrap_or_default().as_bytes()).finish()
    }
}
