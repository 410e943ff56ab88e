//! One PostgreSQL database that holds tenants: checked at start-up, then a source of tenants' connections.

use std::sync::Arc;

use sqlx::postgres::PgPool;

use crate::database_builder::TenantDatabaseBuilder;
use crate::scope::Rewriter;
use crate::{RewriteStatistics, TenantConnection, TenantContext};

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
    placement: Arc<Placement>,
}

/// What all connections to one database share.
#[derive(Debug)]
pub(crate) struct Placement {
    pool: PgPool,
    max_connections: u32,
    rewriter: Rewriter,
}

impl Placement {
    pub(crate) const fn new(pool: PgPool, max_connections: u32, rewriter: Rewriter) -> Self {
        Self { pool, max_connections, rewriter }
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) const fn max_connections(&self) -> u32 {
        self.max_connections
    }

    pub(crate) const fn rewriter(&self) -> &Rewriter {
        &self.rewriter
    }
}

impl TenantDatabase {
    pub(crate) fn new(placement: Placement) -> Self {
        Self { placement: Arc::new(placement) }
    }

    /// Prepares a connection to the database at `url`, as the application's role.
    pub fn builder(url: impl Into<String>) -> TenantDatabaseBuilder {
        TenantDatabaseBuilder::new(url.into())
    }

    /// A connection that works for one tenant. Costs nothing: a database connection is taken when a statement runs.
    #[must_use]
    pub fn connect(&self, context: TenantContext) -> TenantConnection {
        TenantConnection::new(Arc::clone(&self.placement), context)
    }

    /// How the rewritten statements that are kept for all tenants of this database are used.
    #[must_use]
    pub fn rewrite_statistics(&self) -> RewriteStatistics {
        self.placement.rewriter.statistics()
    }

    /// Closes all connections, after the statements under way have ended. Later statements get an error.
    pub async fn close(&self) {
        self.placement.pool.close().await;
    }
}
