//! The entries of one organisation that one run of the sealer closed.

use sea_orm::prelude::Uuid;

use super::chain::Chain;
use super::digest::{Digest, Hash};
use super::leaf::Leaf;
use super::merkle::{self, Tree};

/// At most so many entries a batch: what is held in memory at once.
pub(super) const LARGEST: usize = 8192;

/// A row of `tenancy.access_log_batches`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Batch {
    pub(super) organization_id: Uuid,
    pub(super) batch: i64,
    pub(super) seal: i64,
    pub(super) first: i64,
    pub(super) previous: Vec<u8>,
    pub(super) root: Vec<u8>,
    pub(super) hash: Vec<u8>,
    pub(super) leaves: Vec<u8>,
}

impl Batch {
    pub(super) const COLUMNS: &str = "organization_id, batch, seal, first, previous, root, hash, leaves";

    pub(super) const fn chain(&self) -> Chain {
        Chain(self.organization_id)
    }

    /// How many entries it has.
    pub(super) fn entries(&self) -> i64 {
        i64::try_from(self.leaves.len() / Leaf::SIZE).unwrap_or(i64::MAX)
    }

    /// The root of its tree, of its leaves as they are.
    pub(super) fn root_of(&self, leaves: &[Leaf]) -> Hash {
        let hashes = leaves.iter().zip(self.first..).map(|(leaf, number)| leaf.hash(self.chain(), number));
        hashes.collect::<Tree>().root()
    }

    /// What its hash must be.
    pub(super) fn digest(&self) -> Hash {
        let digest = Digest::of("tenancy.access_log_batches 1").bytes(self.organization_id.as_bytes());
        let digest = digest.number(self.batch).number(self.seal).number(self.first).number(self.entries());
        digest.bytes(&self.previous).bytes(&self.root).finish()
    }
}

/// A batch's leaf in the tree of its seal.
pub(super) fn leaf_of_seal(hash: &[u8]) -> Hash {
    merkle::leaf(&[hash])
}
