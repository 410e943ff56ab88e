//! What a pool has done, counted while it works.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::statistics::{CloseReason, PoolCounts};

/// A pool's counts.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) opened: Counter,
    pub(super) bound_hits: Counter,
    pub(super) rebinds: Counter,
    pub(super) pings: Counter,
    pub(super) waits: Counter,
    pub(super) waited_nanoseconds: Counter,
    pub(super) abandoned_waits: Counter,
    pub(super) rate_limited: Counter,
    closed: [Counter; CloseReason::ALL.len()],
}

#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, number: u64) {
        // Counts alone; nothing is read in the light of them.
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counters {
    pub(super) fn waited(&self, time: Duration) {
        self.waits.add(1);
        self.waited_nanoseconds.add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(super) fn closed(&self, reason: CloseReason) {
        self.closed[reason as usize].add(1);
    }

    pub(super) fn read(&self, refused: u64) -> PoolCounts {
        let closed = CloseReason::ALL.into_iter().map(|reason| (reason, self.closed[reason as usize].get()));
        PoolCounts {
            opened: self.opened.get(),
            bound_hits: self.bound_hits.get(),
            rebinds: self.rebinds.get(),
            pings: self.pings.get(),
            waits: self.waits.get(),
            waited: Duration::from_nanos(self.waited_nanoseconds.get()),
            abandoned_waits: self.abandoned_waits.get(),
            refused,
            rate_limited: self.rate_limited.get(),
            closed: closed.filter(|(_, number)| *number > 0).collect(),
        }
    }
}
