//! What is done for a pool when nobody asks: old connections are closed, and the minimum is kept open.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::error::PoolError;
use super::kept_place::KeptPlace;
use super::pool::Pool;
use super::pooled::Pooled;
use super::statistics::CloseReason;

/// How long one more than are kept may be idle: longer than the pauses within a burst of requests, in which it would be opened
/// anew for each, and short beside the minutes after which the server, or the budget, would miss it.
const OVERFLOW_IDLE_TIME: Duration = Duration::from_secs(10);

/// How often it is done: ten times in the shortest of the times that connections may live, but no more often than this.
const OFTEN: Duration = Duration::from_millis(20);

impl Pool {
    /// Keeps house until the pool is closed or gone.
    pub(crate) fn keep_house(self: &Arc<Self>) {
        let shortest = OVERFLOW_IDLE_TIME.min(self.settings.idle_timeout).min(self.settings.max_lifetime);
        tokio::spawn(keep_house(Arc::downgrade(self), OFTEN.max(shortest / 10)));
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

    /// Closes the idle connections that are too old, and those that were idle for too long: a short time as long as those to be
    /// kept are left, and a long one as long as the minimum is. Forgets tenants of whom nothing need be known.
    fn tidy(self: &Arc<Self>) {
        let now = Instant::now();
        let (idle_timeout, minimum) = (self.settings.idle_timeout, self.settings.min_connections);
        self.rates.forget();
        let was_idle_for = |time| move |pooled: &Pooled| now.saturating_duration_since(pooled.used) >= time;
        let closed = self.change(|state| {
            state.queue.forget();
            let old = state.stock.remove(|pooled| pooled.is_too_old(now));
            let unused = state.remove_above(minimum, was_idle_for(idle_timeout));
            let kept = state.stock.kept().max(minimum);
            let overflow = state.remove_above(kept, was_idle_for(OVERFLOW_IDLE_TIME));
            [(old, CloseReason::Old), (unused, CloseReason::Idle), (overflow, CloseReason::Overflow)]
        });
        for (closed, reason) in closed {
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
