//! A placement as a router has it: described, and opened when it is first needed.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::error::RoutingError;
use super::opening::Opening;
use crate::database::Backend;
use crate::{Placement, PlacementKind, PlacementName, Tier};

/// For how long nobody tries to open a placement that could not be opened: whoever comes meanwhile gets the same error at once.
const PAUSE: Duration = Duration::from_secs(1);

/// A placement of the catalog.
#[derive(Debug)]
pub(super) struct Home {
    name: PlacementName,
    /// `None` for one that only an organisation names.
    placement: Option<Placement>,
    backend: OnceLock<Arc<Backend>>,
    /// Held by whoever opens it. When that failed last, and why.
    failure: Mutex<Option<(Instant, RoutingError)>>,
}

impl Home {
    pub(super) const fn described(name: PlacementName, placement: Option<Placement>) -> Self {
        Self { name, placement, backend: OnceLock::new(), failure: Mutex::const_new(None) }
    }

    pub(super) const fn name(&self) -> &PlacementName {
        &self.name
    }

    pub(super) const fn placement(&self) -> Option<&Placement> {
        self.placement.as_ref()
    }

    /// Its database, if it was opened.
    pub(super) fn opened(&self) -> Option<&Arc<Backend>> {
        self.backend.get()
    }

    /// Why it couldn't be opened, if somebody tried last in vain.
    pub(super) fn failure(&self) -> Option<RoutingError> {
        self.failure.try_lock().ok()?.as_ref().map(|(_, error)| error.clone())
    }

    /// Its database. Whoever comes first opens it, and the others wait for that.
    pub(super) async fn open(&self, opening: &Opening, tier: Tier) -> Result<Arc<Backend>, RoutingError> {
        if let Some(backend) = self.backend.get() {
            return Ok(Arc::clone(backend));
        }
        let mut failure = self.failure.lock().await;
        if let Some(backend) = self.backend.get() {
            return Ok(Arc::clone(backend));
        }
        if let Some((since, error)) = &*failure
            && since.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        let Some(placement) = &self.placement else {
            return Err(RoutingError::NoPlacement { placement: self.name.clone() });
        };
        match opening.open(placement, tier).await {
            Ok(backend) => {
                *failure = None;
                Ok(Arc::clone(self.backend.get_or_init(|| backend)))
            }
            Err(error) => {
                tracing::warn!(placement = %self.name, "a placement can't be opened: {error}");
                *failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Makes the pool of a dedicated placement that is open as large as its organisation's tier says.
    pub(super) fn fit(&self, tier: Tier) {
        let is_dedicated = self.placement.as_ref().is_some_and(|placement| placement.kind == PlacementKind::Dedicated);
        if let Some(backend) = self.opened().filter(|_| is_dedicated)
            && let Err(refused) = backend.pool().fit(tier)
        {
            tracing::error!(placement = %self.name, "the pool can't get the size of tier {tier}: {refused}");
        }
    }

    /// Closes its connections: the idle ones at once, the others when what runs on them has ended.
    pub(super) async fn close(&self) {
        if let Some(backend) = self.backend.get() {
            backend.close().await;
        }
    }
}
