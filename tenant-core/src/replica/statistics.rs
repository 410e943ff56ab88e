//! Where reads went, and how far the standbys are.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::PoolStatistics;

/// Reads that may go to a standby, since the database was built.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReplicaStatistics {
    /// Reads that a standby answered.
    pub on_replicas: u64,
    /// Reads that went to the primary, because no standby was fresh enough.
    pub on_primary: u64,
    /// Reads that a standby didn't answer (it cancelled them, or was gone), and that were asked of the primary again.
    pub asked_again: u64,
    /// Each host, as it is now; the primary is one that is never fresh.
    pub replicas: Vec<ReplicaLag>,
}

/// One host.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReplicaLag {
    /// The host, database and role.
    pub host: String,
    /// How stale an answer would be at most; nothing if that isn't known, or it is no standby.
    pub lag: Option<Duration>,
    /// What its pool is doing.
    pub pool: PoolStatistics,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) on_replicas: AtomicU64,
    pub(super) on_primary: AtomicU64,
    pub(super) asked_again: AtomicU64,
    /// Whether the last one went to the primary.
    is_stale: AtomicBool,
}

impl Counts {
    /// Notes where a read goes; says so when that changes.
    pub(super) fn goes(&self, to_replica: bool) {
        let count = if to_replica { &self.on_replicas } else { &self.on_primary };
        count.fetch_add(1, Ordering::Relaxed);
        if self.is_stale.swap(!to_replica, Ordering::Relaxed) == to_replica {
            match to_replica {
                true => tracing::info!("a standby is fresh enough for reads again"),
                false => tracing::warn!("no standby is fresh enough for a read: it goes to the primary"),
            }
        }
    }
}
