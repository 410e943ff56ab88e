//! What a router, its connections and its watcher share.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::directory::{Address, Directory, Left, Since};
use super::error::RoutingError;
use super::health::Health;
use super::home::Home;
use super::moving::Waiting;
use super::opening::Opening;
use super::unknown::Unknown;
use crate::audit::Recorder;
use crate::database::Backend;
use crate::scope::Rewriter;
use crate::{Catalog, TenantContext, TenantId, Tier};

/// What is known, and how to learn more.
#[derive(Debug)]
pub(crate) struct Core {
    pub(super) catalog: Arc<dyn Catalog>,
    pub(super) directory: Directory,
    pub(super) unknown: Unknown,
    pub(super) health: Health,
    pub(super) opening: Arc<Opening>,
    /// Held from before all or some of the catalog is read until that is known: what was read before never takes the place of what
    /// was read after it.
    pub(super) reading: Arc<Mutex<()>>,
    pub(super) closed: AtomicBool,
    /// For how long statements of an organisation that is being moved wait.
    pub(super) move_patience: Duration,
    /// Whose home was asked for while it was being moved, and when.
    pub(super) asked_for_moves: Mutex<HashMap<TenantId, Instant>>,
}

/// A database that an organisation's statements go to now.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(super) home: Arc<Home>,
    pub(crate) backend: Arc<Backend>,
    pub(crate) tier: Tier,
    since: Since,
}

impl Core {
    /// The database that the tenant's statements go to, opened if it is not; in memory alone where all of that is known.
    /// Who is turned away where its database is known is logged there.
    pub(crate) async fn visit(&self, context: &TenantContext) -> Result<Visit, RoutingError> {
        let visited = self.visit_now(context.tenant()).await;
        if let Err(failure) = &visited
            && let Some((recorder, tier)) = self.recorder(context.tenant())
        {
            recorder.turned_away(context, tier, failure);
        }
        visited
    }

    /// What logs an organisation's reads and denials, if its database is open.
    pub(crate) fn recorder(&self, tenant: TenantId) -> Option<(Arc<Recorder>, Tier)> {
        let Address { home, tier, .. } = self.directory.home_of(tenant)?;
        let recorder = home.opened()?.recorder()?;
        Some((Arc::clone(recorder), tier))
    }

    async fn visit_now(&self, tenant: TenantId) -> Result<Visit, RoutingError> {
        let mut waiting = Waiting::default();
        loop {
            let Address { home, tier, since } = match self.find(tenant) {
                Ok(Some(address)) => address,
                Ok(None) => self.ask(tenant).await?,
                Err(RoutingError::Moving { .. }) => {
                    self.wait_for_home(tenant, None, &mut waiting).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(backend) = home.opened() {
                let backend = Arc::clone(backend);
                return Ok(Visit { home, backend, tier, since });
            }
            let opened = home.open(&self.opening).await;
            // By then it may live elsewhere, where that error says nothing.
            if let Err(error) = opened
                && self.directory.is_at(tenant, &home)
            {
                return Err(error);
            }
        }
    }

    /// Whether the tenant's statements still go where they went when it was asked for.
    pub(crate) fn is_current(&self, tenant: TenantId, visit: &Visit) -> bool {
        !self.closed.load(Ordering::Relaxed) && self.directory.is_at(tenant, &visit.home)
    }

    /// Whether the tenant has lived there for longer than this.
    pub(crate) fn is_settled(&self, visit: &Visit, time: Duration) -> bool {
        self.directory.is_longer_ago(visit.since, time)
    }

    pub(crate) fn rewriter(&self) -> &Rewriter {
        &self.opening.rewriter
    }

    pub(super) fn find(&self, tenant: TenantId) -> Result<Option<Address>, RoutingError> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(RoutingError::Closed);
        }
        self.health.check()?;
        self.directory.find(tenant).transpose()
    }

    /// Asks the catalog for an organisation that it has not told of yet.
    async fn ask(&self, tenant: TenantId) -> Result<Address, RoutingError> {
        loop {
            let removals = self.directory.removals();
            let organization = self.unknown.ask(&*self.catalog, tenant).await?;
            self.directory.learn(&organization, removals);
            // If not, one was removed meanwhile, which may be it.
            if let Some(address) = self.find(tenant)? {
                return Ok(address);
            }
        }
    }

    /// Closes what nobody lives at any more, in the background.
    pub(super) fn leave(left: Left) {
        for home in left {
            tracing::info!(placement = %home.name(), "a placement is described otherwise now, so its connections are closed");
            tokio::spawn(async move { home.close().await });
        }
    }
}
