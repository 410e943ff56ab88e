//! Which connections can still be what they were opened as.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of times that a server was found not to be the primary any more. A connection of an earlier era leads to such a
/// server, or may.
#[derive(Debug, Default)]
pub(crate) struct Era(AtomicU64);

impl Era {
    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn end(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
