//! A run of the sealer, signed.

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnection;

use super::digest::{Digest, Hash};
use super::hexadecimal;
use super::key::{PublicKeys, SealingKey, SignatureFault};
use super::moment::Moment;

/// A row of `tenancy.access_log_seals`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow, Serialize, Deserialize)]
pub struct Seal {
    pub(super) seal: i64,
    #[serde(with = "hexadecimal")]
    pub(super) previous: Vec<u8>,
    #[serde(with = "hexadecimal")]
    pub(super) root: Vec<u8>,
    pub(super) batches: i64,
    pub(super) entries: i64,
    pub(super) horizon: i64,
    pub(super) restored: i64,
    pub(super) sealed_at: Moment,
    pub(super) key: String,
    #[serde(with = "hexadecimal")]
    pub(super) hash: Vec<u8>,
    #[serde(with = "hexadecimal")]
    pub(super) signature: Vec<u8>,
}

impl Seal {
    pub(super) const COLUMNS: &str = "seal, previous, root, batches, entries, horizon, restored, \
         CAST(extract(epoch FROM sealed_at) * 1000000 AS bigint) AS sealed_at, key, hash, signature";

    /// Its number, from 1 on.
    #[must_use]
    pub const fn number(&self) -> i64 {
        self.seal
    }

    /// How many entries it closed.
    #[must_use]
    pub const fn entries(&self) -> i64 {
        self.entries
    }

    /// In how many batches.
    #[must_use]
    pub const fn batches(&self) -> i64 {
        self.batches
    }

    /// The newest.
    pub(super) async fn last(connection: &mut PgConnection) -> Result<Option<Self>, sqlx::Error> {
        let query = format!("SELECT {} FROM tenancy.access_log_seals ORDER BY seal DESC LIMIT 1", Self::COLUMNS);
        sqlx::query_as(sqlx::AssertSqlSafe(query)).persistent(false).fetch_optional(connection).await
    }

    /// Gives it its hash and its signature.
    pub(super) fn signed(mut self, key: &SealingKey) -> Self {
        self.key = key.public().id().to_string();
        let hash = self.digest();
        (self.hash, self.signature) = (hash.to_vec(), key.sign(&hash));
        self
    }

    /// What its hash must be.
    pub(super) fn digest(&self) -> Hash {
        let digest = Digest::of("tenancy.access_log_seals 1").number(self.seal).bytes(&self.previous).bytes(&self.root);
        let digest = digest.number(self.batches).number(self.entries).number(self.horizon).number(self.restored);
        digest.number(self.sealed_at.microseconds()).bytes(self.key.as_bytes()).finish()
    }

    /// Whether its signature is one of these keys', of what it says.
    pub(super) fn check(&self, keys: &PublicKeys) -> Result<(), SignatureFault> {
        keys.check(&self.key, &self.digest(), &self.signature)
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let query = "INSERT INTO tenancy.access_log_seals (seal, previous, root, batches, entries, horizon, restored, sealed_at, key,
                       hash, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let query = sqlx::query(query).bind(self.seal).bind(&self.previous).bind(&self.root).bind(self.batches);
        let query = query.bind(self.entries).bind(self.horizon).bind(self.restored).bind(self.sealed_at.timestamp());
        let query = query.bind(&self.key).bind(&self.hash).bind(&self.signature);
        query.persistent(false).execute(connection).await.map(drop)
    }
}
