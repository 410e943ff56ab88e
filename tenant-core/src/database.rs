//! One PostgreSQL database that holds tenants: checked at start-up, then a source of tenants' connections.

use std::sync::Arc;
use std::time::Duration;

use crate::audit::{AuditStatistics, Recorder};
use crate::database_builder::TenantDatabaseBuilder;
use crate::pool::Pool;
use crate::replica::{MaxLag, ReplicaConnection, ReplicaStatistics, Replicas};
use crate::scope::Rewriter;
use crate::{
    BindingMode, Deployment, PoolSettingsError, PoolStatistics, RewriteStatistics, TenantConnection, TenantContext,
};

/// A database that holds tenants' rows.
///
/// Building one runs the preflight: a database on which isolation would not hold is refused.
///
/// ```no_run
/// use tenant_core::{Registry, TenantContext, TenantDatabase, TenantId};
///
/// # async fn run(organization: TenantId) -> Result<(), Box<dyn std::error::Error>> {
/// let database = TenantDatabase::builder("postgres://tenancy_app@db.internal/molecules")
///     .registry(Registry::collect()?)
///     .build()
///     .await?;
/// let db = database.connect(TenantContext::new(organization));
/// // molecule::Entity::find().all(&db).await? returns this organisation's molecules.
/// # let _ = db;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TenantDatabase {
    backend: Arc<Backend>,
}

/// What all connections to one database share.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) pool: Arc<Pool>,
    pub(crate) rewriter: Rewriter,
    pub(crate) conduct: Conduct,
    pub(crate) deployment: Deployment,
    /// The standbys that are read from, if any are.
    pub(crate) replicas: Option<Arc<Replicas>>,
    /// What has reads and denials logged, on the primary, if anything does.
    pub(crate) recorder: Option<Arc<Recorder>>,
}

/// How statements are run on one database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conduct {
    pub(crate) binding_mode: BindingMode,
    /// Whether statements are prepared by name, to be used again.
    pub(crate) prepares: bool,
    /// How long the server may take for an answer.
    pub(crate) patience: Duration,
}

impl Backend {
    pub(crate) const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    pub(crate) const fn rewriter(&self) -> &Rewriter {
        &self.rewriter
    }

    pub(crate) const fn conduct(&self) -> Conduct {
        self.conduct
    }

    pub(crate) const fn replicas(&self) -> Option<&Arc<Replicas>> {
        self.replicas.as_ref()
    }

    pub(crate) const fn recorder(&self) -> Option<&Arc<Recorder>> {
        self.recorder.as_ref()
    }

    /// Closes the connections to all its servers, when what waits for the access log was written.
    pub(crate) async fn close(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.flush_and_close().await;
            self.pool.close().await;
            // What the last statements left.
            recorder.flush_and_close().await;
        }
        self.pool.close().await;
        if let Some(replicas) = &self.replicas {
            replicas.close().await;
        }
    }
}

impl TenantDatabase {
    pub(crate) fn new(backend: Backend) -> Self {
        Self { backend: Arc::new(backend) }
    }

    pub(crate) fn into_backend(self) -> Arc<Backend> {
        self.backend
    }

    /// Prepares a connection to the database at `url`, as the application's role.
    pub fn builder(url: impl Into<String>) -> TenantDatabaseBuilder {
        TenantDatabaseBuilder::new(url.into())
    }

    /// A connection that works for one tenant. Costs nothing: a database connection is taken when a statement runs.
    #[must_use]
    pub fn connect(&self, context: TenantContext) -> TenantConnection {
        TenantConnection::new(Arc::clone(&self.backend), context)
    }

    /// A connection that works for one tenant and reads alone: from a standby whose answer lacks nothing older than `max_lag`,
    /// from the primary while there is none, or where the database was built without
    /// [`read_from_replicas`](TenantDatabaseBuilder::read_from_replicas).
    #[must_use]
    pub fn connect_to_replica(&self, context: TenantContext, max_lag: MaxLag) -> ReplicaConnection {
        ReplicaConnection::new(self.connect(context), max_lag)
    }

    /// Where reads for replicas went, and how far each host is behind; nothing without
    /// [`read_from_replicas`](TenantDatabaseBuilder::read_from_replicas).
    #[must_use]
    pub fn replica_statistics(&self) -> ReplicaStatistics {
        self.backend.replicas.as_ref().map(|replicas| replicas.statistics()).unwrap_or_default()
    }

    /// The deploy that made this database what it is, as it was found at start-up: whether that was this program's.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        &self.backend.deployment
    }

    /// How the rewritten statements that are kept for all tenants of this database are used.
    #[must_use]
    pub fn rewrite_statistics(&self) -> RewriteStatistics {
        self.backend.rewriter.statistics()
    }

    /// What the pool of connections is doing, and what it has done.
    #[must_use]
    pub fn pool_statistics(&self) -> PoolStatistics {
        self.backend.pool.statistics()
    }

    /// What became of the entries of the access log that this program writes for this database: of reads and of denials.
    #[must_use]
    pub fn audit_statistics(&self) -> AuditStatistics {
        self.backend.recorder.as_ref().map(|recorder| recorder.statistics()).unwrap_or_default()
    }

    /// Changes `max_connections` and `kept_connections` of the pool while it works, without breaking a statement.
    ///
    /// Larger, it serves those who wait at once. Smaller, it closes idle connections at once, and those in use when they are given
    /// back, until there are no more than may be.
    ///
    /// # Errors
    /// As at start-up, where no statement, or none of some tier, could ever run then, or `min_connections` would not fit in;
    /// nothing is changed.
    pub fn resize_pool(&self, max_connections: u32, kept_connections: u32) -> Result<(), PoolSettingsError> {
        self.backend.pool.resize(max_connections, kept_connections)
    }

    /// Closes all connections: the idle ones at once, the others when the statements and transactions on them have ended.
    /// Later statements, and those that wait for a connection, get [`PoolError::Closed`](crate::PoolError::Closed).
    ///
    /// Entries of the access log that wait are written first, for five seconds at most, and for as long those that the last
    /// statements leave; what is lost then is [counted](AuditStatistics::lost) and told as an error by `tracing`.
    pub async fn close(&self) {
        self.backend.close().await;
    }
}
