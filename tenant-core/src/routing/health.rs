//! How well a router knows the catalog.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::RoutingError;
use crate::CatalogError;

/// How a router learns of the catalog's changes at present.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CatalogHealth {
    /// The catalog tells them as they are committed.
    Listening,
    /// Nobody tells them, so the catalog is read time and again.
    Polling {
        /// Since when.
        since: Instant,
        /// Why nobody tells them.
        reason: Arc<CatalogError>,
    },
    /// It can't be read: the router goes on with what it knows, for as long as that is trusted.
    Unreachable {
        /// Since when.
        since: Instant,
        /// Why.
        reason: Arc<CatalogError>,
    },
}

/// How well the catalog is known, and for how long that may be trusted.
#[derive(Debug)]
pub(super) struct Health {
    state: Mutex<CatalogHealth>,
    born: Instant,
    /// When it was read last, in nanoseconds since this was born.
    read: AtomicU64,
    trusted: Duration,
}

impl Health {
    /// Of a catalog that was just read.
    pub(super) fn new(trusted: Duration) -> Self {
        let born = Instant::now();
        Self { state: Mutex::new(CatalogHealth::Listening), born, read: AtomicU64::new(0), trusted }
    }

    pub(super) fn now(&self) -> CatalogHealth {
        self.state().clone()
    }

    /// Refuses where what is known is too old.
    pub(super) fn check(&self) -> Result<(), RoutingError> {
        let age = self.born.elapsed().saturating_sub(Duration::from_nanos(self.read.load(Ordering::Relaxed)));
        if age > self.trusted { Err(RoutingError::Outdated { age, trusted: self.trusted }) } else { Ok(()) }
    }

    /// Notes that the catalog was read while it is listened to.
    pub(super) fn listening(&self) {
        let mut state = self.state();
        if !matches!(*state, CatalogHealth::Listening) {
            tracing::info!("the catalog tells its changes again");
        }
        *state = CatalogHealth::Listening;
        self.was_read();
    }

    /// Notes that the catalog was read, and that nobody listens.
    pub(super) fn polling(&self, reason: &Arc<CatalogError>) {
        let mut state = self.state();
        let since = match &*state {
            CatalogHealth::Polling { since, .. } => *since,
            CatalogHealth::Listening | CatalogHealth::Unreachable { .. } => {
                tracing::warn!("the catalog can be read, but doesn't tell its changes: {reason}");
                Instant::now()
            }
        };
        *state = CatalogHealth::Polling { since, reason: Arc::clone(reason) };
        self.was_read();
    }

    /// Notes that the catalog could not be read.
    pub(super) fn unreachable(&self, reason: CatalogError) {
        let mut state = self.state();
        let since = match &*state {
            CatalogHealth::Unreachable { since, .. } => *since,
            CatalogHealth::Listening | CatalogHealth::Polling { .. } => {
                let trusted = self.trusted;
                tracing::warn!("the catalog can't be read: {reason}; what is known of it is trusted for {trusted:?}");
                Instant::now()
            }
        };
        *state = CatalogHealth::Unreachable { since, reason: Arc::new(reason) };
    }

    fn was_read(&self) {
        let now = u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.read.store(now, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, CatalogHealth> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
