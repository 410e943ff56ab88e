//! A placement as a router has it: described, and opened when it is first needed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

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
    /// Held by whoever opens it.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// When that failed last, and why.
    failure: Mutex<Option<(Instant, RoutingError)>>,
    /// That of its organisation, which a dedicated one's pool is as large as. Held while that is made so.
    tier: Mutex<Tier>,
    closed: AtomicBool,
}

impl Home {
    pub(super) fn described(name: PlacementName, placement: Option<Placement>) -> Self {
        let (turn, failure, tier) = Default::default();
        Self { name, placement, backend: OnceLock::new(), turn, failure, tier, closed: AtomicBool::new(false) }
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
        held(&self.failure).as_ref().map(|(_, error)| error.clone())
    }

    /// Opens it, unless it is open. Whoever comes first does that for all, and the others wait; but not for another attempt, after
    /// one that failed.
    ///
    /// It goes on when whoever began it is dropped: else requests that are given up sooner than a placement opens would
    /// never have it opened.
    pub(super) async fn open(self: &Arc<Self>, opening: &Arc<Opening>) -> Result<(), RoutingError> {
        let turn = match (Arc::clone(&self.turn).try_lock_owned(), self.failure()) {
            (Ok(turn), _) => turn,
            (Err(_), Some(error)) => return Err(error),
            (Err(_), None) => Arc::clone(&self.turn).lock_owned().await,
        };
        if self.opened().is_some() {
            return Ok(());
        }
        if let Some((since, error)) = &*held(&self.failure)
            && since.elapsed() < PAUSE
        {
            return Err(error.clone());
        }
        let (home, opening) = (Arc::clone(self), Arc::clone(opening));
        let runtime = opening.runtime.clone();
        let opened = runtime.spawn(async move {
            let outcome = home.open_now(&opening).await;
            drop(turn);
            outcome
        });
        match opened.await {
            Ok(outcome) => outcome,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(RoutingError::RuntimeEnded),
            },
        }
    }

    async fn open_now(&self, opening: &Opening) -> Result<(), RoutingError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(RoutingError::Closed);
        }
        let Some(placement) = &self.placement else {
            return Err(RoutingError::NoPlacement { placement: self.name.clone() });
        };
        let tier = *held(&self.tier);
        let outcome = opening.open(placement, tier, self.failure().as_ref()).await;
        *held(&self.failure) = outcome.as_ref().err().map(|error| {
            tracing::warn!(placement = %self.name, "a placement can't be opened: {error}");
            (Instant::now(), error.clone())
        });
        let backend = outcome?;
        {
            let wanted = held(&self.tier);
            self.resize(self.backend.get_or_init(|| backend), *wanted);
        }
        // Whoever closes it looks for what is open after that is noted.
        if self.closed.load(Ordering::SeqCst) {
            self.close().await;
        }
        Ok(())
    }

    /// Notes the tier of its organisation, for a dedicated one: its pool becomes as large as that says.
    pub(super) fn fit(&self, tier: Tier) {
        let mut noted = held(&self.tier);
        *noted = tier;
        if let Some(backend) = self.opened() {
            self.resize(backend, tier);
        }
    }

    fn resize(&self, backend: &Backend, tier: Tier) {
        let is_dedicated = self.placement.as_ref().is_some_and(|placement| placement.kind == PlacementKind::Dedicated);
        if is_dedicated && let Err(refused) = backend.pool().fit(tier) {
            tracing::error!(placement = %self.name, "the pool can't get the size of tier {tier}: {refused}");
        }
    }

    /// Closes its connections: the idle ones at once, the others when what runs on them has ended. If it is being opened, that is
    /// in vain.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        if let Some(backend) = self.opened() {
            backend.close().await;
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
