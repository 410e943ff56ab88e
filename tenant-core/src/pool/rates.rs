//! How often a tenant may ask, by its tier.

use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::error::PoolError;
use super::tier::{Rate, Tier, Tiers};
use crate::TenantId;

/// What each tenant has asked lately, apart for each tier that limits it: whoever changes its tier has the new one's rate at once.
#[derive(Debug)]
pub(super) struct Rates<C: Clock = DefaultClock>([Option<Limited<C>>; Tier::ALL.len()]);

#[derive(Debug)]
struct Limited<C: Clock> {
    rate: Rate,
    limiter: RateLimiter<TenantId, HashMapStateStore<TenantId>, C, NoOpMiddleware<C::Instant>>,
}

impl<C: Clock + Clone> Rates<C> {
    pub(super) fn new(tiers: &Tiers, clock: &C) -> Self {
        Self(Tier::ALL.map(|tier| {
            let rate = tiers[tier].rate()?;
            let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
            Some(Limited { rate, limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()) })
        }))
    }

    /// Counts a statement, or the beginning of a transaction.
    ///
    /// # Errors
    /// One too many, which is not counted.
    pub(super) fn admit(&self, tenant: TenantId, tier: Tier) -> Result<(), PoolError> {
        let Some(Limited { rate, limiter }) = &self.0[tier as usize] else { return Ok(()) };
        limiter.check_key(&tenant).map_err(|until| PoolError::RateLimited {
            tier,
            statements_per_second: rate.per_second.get(),
            burst: rate.burst.get(),
            retry_after: until.wait_time_from(limiter.clock().now()).max(Duration::from_nanos(1)),
        })
    }

    /// Forgets the tenants that could ask for a whole burst again.
    pub(super) fn forget(&self) {
        for Limited { limiter, .. } in self.0.iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    /// Of how many tenants something is known.
    pub(super) fn known(&self) -> usize {
        self.0.iter().flatten().map(|limited| limited.limiter.len()).sum()
    }
}
