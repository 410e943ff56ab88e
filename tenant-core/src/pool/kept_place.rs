//! A place that is kept while its connection is opened or closed.

use std::sync::Arc;

use super::pool::Pool;

/// A place in the pool that nobody uses. Dropped, in whatever way, it is free.
#[derive(Debug)]
pub(super) struct KeptPlace(Option<Arc<Pool>>);

impl KeptPlace {
    /// Keeps a place that is counted already.
    pub(super) fn new(pool: &Arc<Pool>) -> Self {
        Self(Some(Arc::clone(pool)))
    }

    /// Leaves it to a connection.
    pub(super) fn fill(mut self) {
        self.0 = None;
    }
}

impl Drop for KeptPlace {
    fn drop(&mut self) {
        if let Some(pool) = self.0.take() {
            pool.vacate();
        }
    }
}
