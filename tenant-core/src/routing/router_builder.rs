//! What a router needs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::core::Core;
use super::directory::Directory;
use super::error::RoutingError;
use super::health::Health;
use super::opening::{Customise, Opening};
use super::placement_urls::{ConfiguredUrls, PlacementUrls, Purpose};
use super::router::TenantRouter;
use super::unknown::Unknown;
use super::watcher::{Pace, Watcher};
use crate::{
    Catalog, CatalogError, ConnectionBudget, DatabaseError, PlacementKind, Registry, TenantDatabase,
    TenantDatabaseBuilder,
};

/// How often the catalog is read where it tells its changes: the net under a connection that is dead and doesn't know it.
const REREAD: Duration = Duration::from_secs(30);

/// How often it is read where nothing is told.
const REREAD_DEAF: Duration = Duration::from_secs(1);

/// For how long what is known is trusted while the catalog can't be read, unless [`TenantRouterBuilder::trust_for`] says
/// otherwise: long enough for a failover of the metadata database, short enough for an organisation that was suspended
/// meanwhile.
const TRUSTED: Duration = Duration::from_secs(5 * 60);

/// For how long an organisation that the catalog doesn't have isn't asked for again.
const UNKNOWN: Duration = Duration::from_secs(1);

/// For how long statements of an organisation that is being moved wait: a move's pause is a matter of milliseconds, unless a
/// transaction of the organisation is in its way.
const MOVE_PATIENCE: Duration = Duration::from_secs(30);

/// How many shared placements are opened at once at the start.
const OPENED_AT_ONCE: usize = 8;

/// Gathers what a [`TenantRouter`] needs.
#[must_use = "call `build` to read the catalog"]
pub struct TenantRouterBuilder {
    catalog: Arc<dyn Catalog>,
    registry: Option<Registry>,
    urls: Option<Arc<dyn PlacementUrls>>,
    budget: Option<ConnectionBudget>,
    customise: Customise,
    pace: Pace,
    trusted: Duration,
    unknown: Duration,
    move_patience: Duration,
}

impl fmt::Debug for TenantRouterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantRouterBuilder")
            .field("catalog", &self.catalog)
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

impl TenantRouterBuilder {
    pub(super) fn new(catalog: Arc<dyn Catalog>) -> Self {
        Self {
            catalog,
            registry: None,
            urls: None,
            budget: None,
            customise: Arc::new(|database| database),
            pace: Pace { listening: REREAD, deaf: REREAD_DEAF },
            trusted: TRUSTED,
            unknown: UNKNOWN,
            move_patience: MOVE_PATIENCE,
        }
    }

    /// The tables that statements may name. Without it, those of all annotated models in this program.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Where placements are reached. Without it, [`ConfiguredUrls`]: what environment and files say.
    pub fn urls(mut self, urls: impl PlacementUrls) -> Self {
        self.urls = Some(Arc::new(urls));
        self
    }

    /// How many connections the program may open to all placements together. Without it each placement has its own maximum.
    pub fn budget(mut self, budget: &ConnectionBudget) -> Self {
        self.budget = Some(budget.clone());
        self
    }

    /// What every placement is opened with: its pool's size, the tiers' limits, its binding mode, allowed functions.
    ///
    /// The URL, the registry and the budget are the router's own, and a number of connections that the catalog has goes before.
    pub fn databases(
        mut self,
        settings: impl Fn(TenantDatabaseBuilder) -> TenantDatabaseBuilder + Send + Sync + 'static,
    ) -> Self {
        self.customise = Arc::new(settings);
        self
    }

    /// How often the catalog is read while it is up but tells nothing (30 seconds by default), and while nobody can listen
    /// (1 second). What is longer than half of the time for which it is trusted counts as that.
    pub const fn reread_every(mut self, listening: Duration, deaf: Duration) -> Self {
        self.pace = Pace { listening, deaf };
        self
    }

    /// For how long what is known is trusted while the catalog can't be read; 5 minutes by default. Then every organisation
    /// gets [`RoutingError::Outdated`].
    pub const fn trust_for(mut self, time: Duration) -> Self {
        self.trusted = time;
        self
    }

    /// For how long an organisation that the catalog doesn't have isn't asked for again; 1 second by default.
    pub const fn unknown_for(mut self, time: Duration) -> Self {
        self.unknown = time;
        self
    }

    /// For how long statements of an organisation that is being moved wait for the switch, 30 s if not said. The time for a connection
    /// counts by itself. After that they get [`RoutingError::Moving`].
    pub const fn wait_for_moves(mut self, time: Duration) -> Self {
        self.move_patience = time;
        self
    }

    /// Reads the catalog, and opens the shared placements, with the check that isolation holds on them.
    ///
    /// A placement that can't be reached is no error: it is tried again when it is needed, and the others work. One that is
    /// refused is: nothing should run beside an unsafe database.
    ///
    /// The async runtime that this is called in follows the catalog, opens placements and does for them what is done in the
    /// background. Others may use the router too; when that one has ended, what is known is trusted no longer than
    /// [`Self::trust_for`] says.
    ///
    /// # Errors
    /// [`RouterError`] when the catalog can't be read, the settings are unusable, or a shared placement is refused.
    pub async fn build(self) -> Result<TenantRouter, RouterError> {
        let registry = self.registry.map_or_else(Registry::collect, Ok).map_err(DatabaseError::from)?;
        let rewriter = (self.customise)(TenantDatabase::builder("")).registry(registry).rewriter()?;
        // Before all is read, so that nothing falls between. Where nobody can listen, the watcher finds out why.
        let listener = self.catalog.listen().await.ok();
        let state = self.catalog.read().await?;
        let core = Arc::new(Core {
            catalog: self.catalog,
            directory: Directory::default(),
            unknown: Unknown::new(self.unknown),
            health: Health::new(self.trusted),
            opening: Arc::new(Opening {
                urls: self.urls.unwrap_or_else(|| Arc::new(ConfiguredUrls::new(Purpose::Application))),
                rewriter,
                budget: self.budget,
                customise: self.customise,
                runtime: Handle::current(),
            }),
            reading: Arc::default(),
            closed: AtomicBool::new(false),
            move_patience: self.move_patience,
            asked_for_moves: Mutex::default(),
        });
        Core::leave(core.directory.replace(state.organizations, state.placements));
        open_shared(&core).await?;
        tokio::spawn(Watcher::new(&core, self.pace.within(self.trusted)).watch(listener, state.mark));
        Ok(TenantRouter { core })
    }
}

async fn open_shared(core: &Core) -> Result<(), RouterError> {
    let homes = core.directory.homes().into_iter();
    let shared = homes.filter(|home| home.placement().is_some_and(|placement| placement.kind == PlacementKind::Shared));
    let opened = futures_util::stream::iter(shared)
        .map(async |home| home.open(&core.opening).await)
        .buffer_unordered(OPENED_AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    for outcome in opened {
        match outcome {
            Ok(()) => {}
            // It may be on its way, or configured for other programs only: its organisations are told when they come.
            Err(RoutingError::Url(_)) => {}
            Err(RoutingError::Unusable { source, .. }) if source.is_of_reachability() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Why a [`TenantRouter`] could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RouterError {
    /// The catalog can't be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Settings that no database could work with.
    #[error(transparent)]
    Settings(#[from] DatabaseError),
    /// A shared placement was refused.
    #[error(transparent)]
    Placement(#[from] RoutingError),
}
