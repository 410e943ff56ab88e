//! Makes batches of entries that come in the order of their organisations.

use std::collections::HashMap;

use sea_orm::prelude::Uuid;
use sqlx::postgres::PgConnection;

use super::batch::{Batch, LARGEST, leaf_of_seal};
use super::chain::Chain;
use super::digest::Hash;
use super::leaf::Leaf;
use super::merkle::Tree;

/// Batches wait for others until they have so many bytes, or are so many.
const BYTES: usize = 4 << 20;
const BATCHES: usize = 2000;

/// Where a chain goes on.
#[derive(Clone, Debug, Default)]
struct Head {
    batch: i64,
    next: i64,
    hash: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct HeadRow {
    organization_id: Uuid,
    batch: i64,
    next: i64,
    hash: Vec<u8>,
}

/// The batches of one seal.
pub(super) struct BatchWriter {
    seal: i64,
    current: Option<(Chain, Head)>,
    leaves: Vec<Leaf>,
    heads: HashMap<Chain, Head>,
    waiting: Vec<Batch>,
    /// Of the leaves of those.
    bytes: usize,
    tree: Tree,
    pub(super) batches: i64,
    pub(super) entries: i64,
}

impl BatchWriter {
    pub(super) fn new(seal: i64) -> Self {
        let (heads, tree) = (HashMap::new(), Tree::default());
        let (leaves, waiting) = (Vec::with_capacity(LARGEST), Vec::new());
        Self { seal, current: None, leaves, heads, waiting, bytes: 0, tree, batches: 0, entries: 0 }
    }

    /// Adds entries; each chain's come one after the other.
    pub(super) async fn write(
        &mut self,
        connection: &mut PgConnection,
        entries: &[(Chain, Leaf)],
    ) -> Result<(), sqlx::Error> {
        self.look_up(connection, entries).await?;
        for (chain, leaf) in entries {
            if self.current.as_ref().is_none_or(|(current, _)| current != chain) {
                self.close();
                self.current = Some((*chain, self.heads.remove(chain).unwrap_or_default()));
            }
            self.leaves.push(*leaf);
            if self.leaves.len() == LARGEST {
                self.close();
            }
            if self.waiting.len() >= BATCHES || self.bytes >= BYTES {
                self.flush(connection).await?;
            }
        }
        Ok(())
    }

    /// Writes what is left, and gives the root of the seal.
    pub(super) async fn finish(&mut self, connection: &mut PgConnection) -> Result<Hash, sqlx::Error> {
        self.close();
        self.flush(connection).await?;
        Ok(self.tree.root())
    }

    /// Makes a batch of the leaves that there are.
    fn close(&mut self) {
        let Some((chain, head)) = self.current.as_mut().filter(|_| !self.leaves.is_empty()) else { return };
        let mut leaves = Vec::with_capacity(self.leaves.len() * Leaf::SIZE);
        self.leaves.iter().for_each(|leaf| leaf.write(&mut leaves));
        let mut batch = Batch {
            organization_id: chain.0,
            batch: head.batch + 1,
            seal: self.seal,
            first: head.next,
            previous: std::mem::take(&mut head.hash),
            root: Vec::new(),
            hash: Vec::new(),
            leaves,
        };
        batch.root = batch.root_of(&self.leaves).to_vec();
        batch.hash = batch.digest().to_vec();
        *head = Head { batch: batch.batch, next: batch.first + batch.entries(), hash: batch.hash.clone() };
        self.tree.push(leaf_of_seal(&batch.hash));
        self.batches += 1;
        self.entries += batch.entries();
        self.leaves.clear();
        self.bytes += batch.leaves.len();
        self.waiting.push(batch);
    }

    /// Where the chains of these entries go on.
    async fn look_up(&mut self, connection: &mut PgConnection, entries: &[(Chain, Leaf)]) -> Result<(), sqlx::Error> {
        let mut chains: Vec<Uuid> = entries.iter().map(|(chain, _)| chain.0).collect();
        chains.dedup();
        chains.retain(|chain| self.current.as_ref().is_none_or(|(current, _)| current.0 != *chain));
        let query =
            "SELECT o.id AS organization_id, b.batch, b.next, b.hash FROM unnest($1) AS o (id) CROSS JOIN LATERAL (
                       SELECT batch, first + octet_length(leaves) / 48 AS next, hash FROM tenancy.access_log_batches
                       WHERE organization_id = o.id ORDER BY batch DESC LIMIT 1) AS b";
        let heads: Vec<HeadRow> = sqlx::query_as(query).bind(chains).persistent(false).fetch_all(connection).await?;
        self.heads = heads
            .into_iter()
            .map(|row| (Chain(row.organization_id), Head { batch: row.batch, next: row.next, hash: row.hash }))
            .collect();
        Ok(())
    }

    async fn flush(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let query =
            "INSERT INTO tenancy.access_log_batches (organization_id, batch, seal, first, previous, root, hash, leaves)
                     SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)";
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let numbers = |pick: fn(&Batch) -> i64| waiting.iter().map(pick).collect::<Vec<_>>();
        let bytes = |pick: fn(&Batch) -> &[u8]| waiting.iter().map(|batch| pick(batch).to_vec()).collect::<Vec<_>>();
        let query = sqlx::query(query).bind(waiting.iter().map(|batch| batch.organization_id).collect::<Vec<_>>());
        let query = query.bind(numbers(|batch| batch.batch)).bind(numbers(|batch| batch.seal));
        let query = query.bind(numbers(|batch| batch.first)).bind(bytes(|batch| &batch.previous));
        let query = query.bind(bytes(|batch| &batch.root)).bind(bytes(|batch| &batch.hash));
        query.bind(bytes(|batch| &batch.leaves)).persistent(false).execute(connection).await.map(drop)
    }
}
