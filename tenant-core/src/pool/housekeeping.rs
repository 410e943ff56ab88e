//! What is done for a pool when nobody asks: old connections are closed, and the minimum is kept open.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::error::PoolError;
use super::kept_place::KeptPlace;
use super::pool::Pool;
use super::statistics::CloseReason;

/// How often it is done: ten times in the shorter of the times that connections may live, within these bounds.
const OFTEN: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_secs(5);

impl Pool {
    /// Keeps house until the pool is closed or gone.
    pub(crate) fn keep_house(self: &Arc<Self>) {
        let shorter = self.settings.idle_timeout.min(self.settings.max_lifetime);
        tokio::spawn(keep_house(Arc::downgrade(self), (shorter / 10).clamp(OFTEN, SELDOM)));
    }

    /// Opens connections until there are as many as the minimum.
    ///
    /// `failure` holds why the last attempt failed, while it is tried again.
    ///
    /// # Errors
    /// Why one could not be opened.
    pub(crate) async fn fill(self: &Arc<Self>, failure: &mut Option<sqlx::Error>) -> Result<(), PoolError> {
        while self.change(|state| {
            !state.is_closed() && state.stock.open() < self.settings.min_connections && state.stock.reserve()
        }) {
            let place = KeptPlace::new(self);
            let pooled = self.open(failure).await?;
            place.fill();
            let late = self.change(|state| {
                if state.is_closed() {
                    return Some(pooled);
                }
                state.stock.put(pooled);
                state.serve(None);
                None
            });
            if let Some(pooled) = late {
                self.retire(pooled, CloseReason::Shutdown);
            }
        }
        Ok(())
    }

    /// Closes the idle connections that were idle for too long, as long as the minimum is left, or are too old.
    fn tidy(self: &Arc<Self>) {
        let now = Instant::now();
        let (idle_timeout, minimum) = (self.settings.idle_timeout, self.settings.min_connections);
        let (old, unused) = self.change(|state| {
            state.queue.forget();
            let old = state.stock.remove(|pooled| pooled.is_too_old(now));
            let left = state.stock.open().saturating_sub(u32::try_from(old.len()).unwrap_or(u32::MAX));
            let mut spare = left.saturating_sub(minimum);
            let unused = state.stock.remove(|pooled| {
                let is_unused = spare > 0 && now.saturating_duration_since(pooled.used) >= idle_timeout;
                spare -= u32::from(is_unused);
                is_unused
            });
            (old, unused)
        });
        for (closed, reason) in [(old, CloseReason::Old), (unused, CloseReason::Idle)] {
            for pooled in closed {
                self.retire(pooled, reason);
            }
        }
    }
}

async fn keep_house(pool: Weak<Pool>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(pool) = pool.upgrade() else { return };
        if pool.state().is_closed() {
            return;
        }
        pool.tidy();
        // One that can't be opened now is tried again at the next turn; whoever needs one sees why.
        drop(tokio::time::timeout(pool.acquire_timeout(), pool.fill(&mut None)).await);
    }
}
