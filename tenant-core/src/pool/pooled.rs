//! One database connection of a pool, and what the pool knows of it.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use tokio::time::Instant;

use super::binding::{Affinity, Binding, Wanted};
use super::stock::Bound;
use crate::TenantId;
use crate::servers::Opened;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Pooled {
    pub(super) connection: PgConnection,
    /// Whom its session is bound to.
    pub(super) binding: Option<Binding>,
    /// When it has become too old; never, if that is beyond what the clock can tell.
    expires: Option<Instant>,
    /// When it was last known to live.
    pub(super) used: Instant,
    /// The era that it was opened in: a server that was the primary then may not be now.
    pub(super) era: u64,
    /// Whether it holds a prepared statement that can't be run any more.
    pub(super) is_outdated: bool,
}

impl Pooled {
    pub(super) fn new(opened: Opened, max_lifetime: Duration) -> Self {
        let now = Instant::now();
        // Up to a tenth earlier, so that connections that were opened together are not all closed together.
        let lifetime = max_lifetime - max_lifetime.mul_f64(fastrand::f64() / 10.0);
        let Opened { connection, era, .. } = opened;
        Self { connection, binding: None, expires: now.checked_add(lifetime), used: now, era, is_outdated: false }
    }

    pub(super) fn is_too_old(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| now >= expires)
    }
}

impl Bound for Pooled {
    fn affinity(&self, wanted: Wanted<'_>) -> Affinity {
        self.binding.as_ref().map_or(Affinity::Unbound, |binding| binding.affinity(wanted))
    }

    fn bound_to(&self) -> Option<TenantId> {
        self.binding.as_ref().map(Binding::tenant)
    }
}
