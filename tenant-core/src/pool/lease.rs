//! A connection of the pool in somebody's hands.

use std::sync::Arc;

use sqlx::postgres::PgConnection;
use tokio::time::Instant;

use super::binding::{Binding, Wanted};
use super::pool::Pool;
use super::pooled::Pooled;
use super::state::{Grant, Seat};
use super::statistics::CloseReason;
use super::stock::{Bound, Place};

/// A connection that one tenant uses.
///
/// It goes back to its pool by [`Self::give_back`] alone; dropped, it is closed.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Arc<Pool>,
    seat: Seat,
    since: Instant,
    pooled: Option<Pooled>,
    /// Why it will be closed if it is dropped now.
    reason: CloseReason,
    ended: bool,
}

impl Lease {
    pub(super) fn new(pool: Arc<Pool>, grant: Grant<Pooled>) -> Self {
        let pooled = match grant.place {
            Place::Taken(pooled) => Some(pooled),
            Place::Empty => None,
        };
        Self { pool, seat: grant.seat, since: Instant::now(), pooled, reason: CloseReason::InDoubt, ended: false }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.pooled.is_none()
    }

    pub(super) fn fill(&mut self, pooled: Pooled) {
        self.pooled = Some(pooled);
    }

    /// The connection.
    pub(crate) fn connection(&mut self) -> Option<&mut PgConnection> {
        self.pooled.as_mut().map(|pooled| &mut pooled.connection)
    }

    /// Whether its session is bound so that a statement may run as is wanted; counted if so.
    pub(crate) fn is_bound_for(&self, wanted: Wanted<'_>, writes: bool) -> bool {
        let is_bound = self.pooled.as_ref().is_some_and(|pooled| pooled.affinity(wanted).suffices(writes));
        if is_bound {
            self.pool.counters.bound_hits.add(1);
        }
        is_bound
    }

    /// Notes that its session is about to be bound: to whom, is unknown until that has ended.
    pub(crate) fn unbound(&mut self) {
        if let Some(pooled) = &mut self.pooled {
            pooled.binding = None;
        }
    }

    /// Notes that its session was bound.
    pub(crate) fn bound(&mut self, binding: Binding) {
        self.pool.counters.rebinds.add(1);
        if let Some(pooled) = &mut self.pooled {
            pooled.binding = Some(binding);
        }
    }

    /// Whether it must be asked whether it lives before a statement is entrusted to it; counted if so.
    pub(crate) fn needs_ping(&self) -> bool {
        let is_doubtful = self.pooled.as_ref().is_some_and(|pooled| self.pool.is_doubtful(pooled));
        if is_doubtful {
            self.pool.counters.pings.add(1);
        }
        is_doubtful
    }

    /// Notes that the connection has died, when it was first used again or later: whatever ended it may have ended others.
    pub(crate) fn died(&mut self, reason: CloseReason) {
        self.reason = reason;
        self.pool.suspect();
    }

    /// Notes that the server refused to write.
    pub(crate) fn demoted(&mut self) {
        self.pool.demoted();
    }

    /// Notes that a statement which was prepared on it can't be run any more, so that it is closed when it is given back.
    pub(crate) fn outdated(&mut self) {
        if let Some(pooled) = &mut self.pooled {
            pooled.is_outdated = true;
        }
    }

    /// Gives the connection back, to be used again.
    pub(crate) fn give_back(mut self) {
        if let Some(mut pooled) = self.pooled.take() {
            self.ended = true;
            pooled.used = Instant::now();
            self.pool.take_back(self.seat, self.since.elapsed(), pooled);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.ended {
            let reason = self.pooled.take().map(|_| self.reason);
            self.pool.lost(self.seat, self.since.elapsed(), reason);
        }
    }
}
