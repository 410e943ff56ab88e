//! The standbys of one database, each with a pool of its own.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::postgres::PgConnectOptions;
use tokio::time::Instant;

use super::max_lag::MaxLag;
use super::samples::Samples;
use super::statistics::{Counts, ReplicaLag, ReplicaStatistics};
use crate::Deployment;
use crate::audit::Recorder;
use crate::database::{Backend, Conduct};
use crate::pool::{Pool, PoolSettings};
use crate::scope::Rewriter;
use crate::servers::Servers;

/// What the standbys of a database share with it.
pub(crate) struct ReplicaSettings {
    pub(crate) pool: PoolSettings,
    pub(crate) rewriter: Rewriter,
    pub(crate) conduct: Conduct,
    pub(crate) deployment: Deployment,
    /// That of the primary: a standby writes nothing.
    pub(crate) recorder: Option<Arc<Recorder>>,
}

/// The hosts of a database as sources of reads.
#[derive(Debug)]
pub(crate) struct Replicas {
    each: Vec<Replica>,
    /// Where the primary was, when.
    samples: Mutex<Samples>,
    pub(super) counts: Counts,
}

/// One host.
#[derive(Debug)]
pub(super) struct Replica {
    pub(super) backend: Arc<Backend>,
    /// The moment that an answer is at least as fresh as.
    fresh_as_of: Mutex<Option<Instant>>,
}

impl Replicas {
    /// Pools for all hosts: which of them is the primary may change.
    pub(crate) fn new(primary: &Servers, settings: ReplicaSettings) -> Arc<Self> {
        let ReplicaSettings { pool, rewriter, conduct, deployment, recorder } = settings;
        let replica = |options: &PgConnectOptions| {
            // A standby refuses writes, but its sessions live on when it is promoted.
            let options = options.clone().options([("default_transaction_read_only", "on")]);
            let pool = Pool::new(Servers::new(vec![options]), pool.clone());
            pool.keep_house();
            let (rewriter, deployment) = (rewriter.clone(), deployment.clone());
            let recorder = recorder.clone();
            let backend = Backend { pool, rewriter, conduct, deployment, replicas: None, recorder };
            Replica { backend: Arc::new(backend), fresh_as_of: Mutex::default() }
        };
        let each = primary.each().map(replica).collect();
        Arc::new(Self { each, samples: Mutex::default(), counts: Counts::default() })
    }

    pub(super) fn each(&self) -> &[Replica] {
        &self.each
    }

    pub(super) fn samples(&self) -> MutexGuard<'_, Samples> {
        // Nothing panics while it is held.
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of the standbys that are fresh enough now.
    pub(super) fn choose(&self, most: MaxLag) -> Option<&Arc<Backend>> {
        let fresh: Vec<_> =
            self.each.iter().filter(|replica| replica.lag().is_some_and(|lag| lag <= most.duration())).collect();
        let chosen = (!fresh.is_empty()).then(|| &fresh[fastrand::usize(..fresh.len())].backend);
        self.counts.goes(chosen.is_some());
        chosen
    }

    pub(crate) fn statistics(&self) -> ReplicaStatistics {
        let read = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        let replica = |replica: &Replica| {
            let pool = replica.backend.pool();
            ReplicaLag { host: pool.servers().label().to_owned(), lag: replica.lag(), pool: pool.statistics() }
        };
        ReplicaStatistics {
            on_replicas: read(&self.counts.on_replicas),
            on_primary: read(&self.counts.on_primary),
            asked_again: read(&self.counts.asked_again),
            replicas: self.each.iter().map(replica).collect(),
        }
    }

    /// Closes all their connections.
    pub(crate) async fn close(&self) {
        for replica in &self.each {
            replica.backend.pool().close().await;
        }
    }
}

impl Replica {
    /// Notes how fresh it is, if that is known.
    pub(super) fn set_fresh(&self, as_of: Option<Instant>) {
        *self.fresh_as_of.lock().unwrap_or_else(PoisonError::into_inner) = as_of;
    }

    fn lag(&self) -> Option<std::time::Duration> {
        self.fresh_as_of.lock().unwrap_or_else(PoisonError::into_inner).map(|moment| moment.elapsed())
    }
}
