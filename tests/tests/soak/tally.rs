//! What a soak has done.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that all tasks share.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) rows: AtomicU64,
    pub(crate) requests: AtomicU64,
    /// Requests that were dropped before they ended.
    pub(crate) cut: AtomicU64,
    pub(crate) writes: AtomicU64,
}

impl Tally {
    pub(crate) fn add(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn of(count: &AtomicU64) -> u64 {
        count.load(Ordering::Relaxed)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rows, requests, cut, writes } = self;
        write!(
            f,
            "{} rows verified in {} requests, {} of them cut, {} writes committed",
            Self::of(rows),
            Self::of(requests),
            Self::of(cut),
            Self::of(writes)
        )
    }
}
