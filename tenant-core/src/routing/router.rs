//! One source of connections for all organisations, wherever they live.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::core::Core;
use super::error::RoutingError;
use super::health::CatalogHealth;
use super::router_builder::TenantRouterBuilder;
use crate::{
    AuditStatistics, Catalog, MaxLag, Organization, PlacementKind, PlacementName, PoolStatistics, ReplicaConnection,
    RewriteStatistics, TenantConnection, TenantContext,
};

/// Sends each organisation's statements to the database where it lives.
///
/// What the [`Catalog`] says is kept in memory and followed, so that a statement asks nobody where to go. A
/// [`TenantConnection`] asks anew for each statement and each transaction: one that is kept for long follows its organisation to
/// another placement, and stops where the organisation is suspended. A transaction that was begun stays where it is.
///
/// ```no_run
/// use tenant_core::{PostgresCatalog, Registry, TenantContext, TenantId, TenantRouter};
///
/// # async fn run(organization: TenantId) -> Result<(), Box<dyn std::error::Error>> {
/// let catalog = PostgresCatalog::new("postgres://tenancy_router@meta.internal/metadata")?;
/// let router = TenantRouter::builder(catalog).registry(Registry::collect()?).build().await?;
/// let db = router.connect(TenantContext::new(organization)).await?;
/// // molecule::Entity::find().all(&db).await? returns this organisation's molecules, from wherever they are.
/// # let _ = db;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TenantRouter {
    pub(super) core: Arc<Core>,
}

impl TenantRouter {
    /// Prepares a router that follows `catalog`.
    pub fn builder(catalog: impl Catalog) -> TenantRouterBuilder {
        TenantRouterBuilder::new(Arc::new(catalog))
    }

    /// A connection that works for one tenant. Opens the organisation's placement, with the check that isolation holds there, if
    /// nobody needed it before; costs a look-up in memory otherwise.
    ///
    /// # Errors
    /// [`RoutingError`] when the organisation isn't known or may not work, or its placement can't be used.
    pub async fn connect(&self, context: TenantContext) -> Result<TenantConnection, RoutingError> {
        self.core.visit(&context).await?;
        Ok(TenantConnection::routed(Arc::clone(&self.core), context))
    }

    /// A connection that works for one tenant and reads alone, from a standby of its placement whose answer lacks nothing older than
    /// `max_lag`; from the primary while there is none, or where placements are opened without
    /// [`read_from_replicas`](crate::TenantDatabaseBuilder::read_from_replicas).
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_to_replica(
        &self,
        context: TenantContext,
        max_lag: MaxLag,
    ) -> Result<ReplicaConnection, RoutingError> {
        Ok(ReplicaConnection::new(self.connect(context).await?, max_lag))
    }

    /// How the router learns of the catalog's changes at present.
    #[must_use]
    pub fn catalog_health(&self) -> CatalogHealth {
        self.core.health.now()
    }

    /// How many organisations the router knows of.
    #[must_use]
    pub fn organizations(&self) -> usize {
        self.core.directory.len()
    }

    /// Reads the catalog now, for a program that has just changed it and doesn't wait to be told.
    ///
    /// # Errors
    /// [`RoutingError::Unasked`] when it can't be read.
    pub async fn refresh(&self, organization: crate::TenantId) -> Result<Option<Organization>, RoutingError> {
        let _turn = self.core.reading.lock().await;
        let read = self.core.catalog.organization(organization).await;
        let read = read.map_err(|source| RoutingError::Unasked { tenant: organization, source: Arc::new(source) })?;
        self.core.directory.set(organization, read.as_ref());
        self.core.unknown.forget(organization);
        Ok(read)
    }

    /// The placements of the catalog, by name, and what this program has of each.
    #[must_use]
    pub fn placements(&self) -> Vec<PlacementStatus> {
        let mut all: Vec<PlacementStatus> = self
            .core
            .directory
            .homes()
            .iter()
            .filter_map(|home| {
                let placement = home.placement()?;
                let state = match (home.opened(), home.failure()) {
                    (Some(backend), _) => PlacementState::Open(Box::new(backend.pool().statistics())),
                    (None, Some(error)) => PlacementState::Failed(error),
                    (None, None) => PlacementState::Unopened,
                };
                Some(PlacementStatus { name: placement.name.clone(), kind: placement.kind, state })
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// How the rewritten statements that are kept for all placements are used.
    #[must_use]
    pub fn rewrite_statistics(&self) -> RewriteStatistics {
        self.core.rewriter().statistics()
    }

    /// What became of the entries of the access log that this program writes, over all placements that are open.
    #[must_use]
    pub fn audit_statistics(&self) -> AuditStatistics {
        let mut all = AuditStatistics::default();
        for home in self.core.directory.homes() {
            if let Some(recorder) = home.opened().and_then(|backend| backend.recorder()) {
                all += recorder.statistics();
            }
        }
        all
    }

    /// Closes all connections of all placements: the idle ones at once, the others when what runs on them has ended. Later
    /// statements get [`RoutingError::Closed`]. What waits for the access log is written as by
    /// [`TenantDatabase::close`](crate::TenantDatabase::close).
    pub async fn close(&self) {
        self.core.closed.store(true, Ordering::Relaxed);
        let homes = self.core.directory.homes();
        futures_util::future::join_all(homes.iter().map(|home| home.close())).await;
    }

    /// How long a change of the catalog takes at most to arrive here while its connection is up, by design: 100 ms.
    pub const ARRIVES_WITHIN: Duration = Duration::from_millis(100);
}

/// A placement, and what a router has of it.
#[derive(Clone, Debug)]
pub struct PlacementStatus {
    /// Its name.
    pub name: PlacementName,
    /// Whom it holds.
    pub kind: PlacementKind,
    /// What the router has of it.
    pub state: PlacementState,
}

/// What a router has of a placement.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PlacementState {
    /// Nobody needed it yet.
    Unopened,
    /// It was checked and has a pool.
    Open(Box<PoolStatistics>),
    /// It could not be opened when it was needed last.
    Failed(RoutingError),
}
