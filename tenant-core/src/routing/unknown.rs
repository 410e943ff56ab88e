//! Organisations that the router doesn't know: asked for once, and not again for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use tokio::sync::{Semaphore, TryAcquireError};

use super::error::RoutingError;
use crate::{Catalog, Organization, TenantId};

/// How many identifiers are remembered as nobody's: half a megabyte.
const REMEMBERED: usize = 10_000;

/// How many are asked for at once. More than the catalog's connections, so that a made-up identifier seldom stands in the way
/// of a new organisation; few enough that a flood of them is refused here and not by the metadata database.
const ASKED_AT_ONCE: usize = 16;

/// Identifiers that were asked for in vain.
#[derive(Debug)]
pub(super) struct Unknown {
    since: Cache<TenantId, Instant>,
    /// For how long nobody asks again.
    lasts: Duration,
    turns: Semaphore,
}

impl Unknown {
    pub(super) fn new(lasts: Duration) -> Self {
        Self { since: Cache::new(REMEMBERED), lasts, turns: Semaphore::new(ASKED_AT_ONCE) }
    }

    /// Asks the catalog for an organisation that isn't known.
    pub(super) async fn ask(&self, catalog: &dyn Catalog, tenant: TenantId) -> Result<Organization, RoutingError> {
        if self.since.get(&tenant).is_some_and(|since| since.elapsed() < self.lasts) {
            return Err(RoutingError::Unknown { tenant });
        }
        let _turn = match self.turns.try_acquire() {
            Ok(turn) => turn,
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                return Err(RoutingError::TooManyUnknown { tenant });
            }
        };
        match catalog.organization(tenant).await {
            Ok(Some(organization)) => {
                self.since.remove(&tenant);
                Ok(organization)
            }
            Ok(None) => {
                self.since.insert(tenant, Instant::now());
                Err(RoutingError::Unknown { tenant })
            }
            Err(error) => Err(RoutingError::Unasked { tenant, source: Arc::new(error) }),
        }
    }

    /// Notes that the catalog told of an organisation: whoever was asked for in vain may be it.
    pub(super) fn forget(&self, tenant: TenantId) {
        self.since.remove(&tenant);
    }
}
