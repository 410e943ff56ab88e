//! Waiting for an organisation that is being moved.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::core::{Core, Visit};
use super::error::RoutingError;
use crate::TenantId;

/// The first pause before a statement is sent again, and the longest. Most often the catalog's word comes first.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// From which pause on the catalog is asked too, in case that its word doesn't arrive.
const ASKS_FROM: Duration = Duration::from_millis(32);

/// How long somebody has waited for an organisation that is being moved.
#[derive(Debug)]
pub(crate) struct Waiting {
    since: Instant,
    pause: Duration,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { since: Instant::now(), pause: FIRST_PAUSE }
    }
}

impl Core {
    /// Waits until a statement of the organisation can be sent, again if it was refused at `refused`: because it lives elsewhere, or
    /// after a pause at the same place, where the mover may have given way.
    pub(crate) async fn wait_for_home(
        &self,
        tenant: TenantId,
        refused: Option<&Visit>,
        waiting: &mut Waiting,
    ) -> Result<(), RoutingError> {
        let mut has_paused = false;
        loop {
            let mut changed = pin!(self.directory.changed());
            changed.as_mut().enable();
            match self.find(tenant) {
                Ok(Some(address)) => {
                    let is_elsewhere = refused.is_none_or(|visit| !Arc::ptr_eq(&address.home, &visit.home));
                    if is_elsewhere || has_paused {
                        return Ok(());
                    }
                }
                Ok(None) => return Ok(()),
                Err(RoutingError::Moving { .. }) => {}
                Err(error) => return Err(error),
            }
            let left = self.move_patience.saturating_sub(waiting.since.elapsed());
            if left.is_zero() {
                return Err(RoutingError::Moving { tenant });
            }
            tokio::select! {
                () = changed => {}
                () = sleep(waiting.pause.min(left)) => {
                    has_paused = true;
                    if waiting.pause >= ASKS_FROM {
                        self.ask_again(tenant).await?;
                    }
                    waiting.pause = (waiting.pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Reads the catalog's word on the organisation, unless somebody who waited for the same has just done so.
    async fn ask_again(&self, tenant: TenantId) -> Result<(), RoutingError> {
        let mut asked = self.asked_for_moves.lock().await;
        let now = Instant::now();
        asked.retain(|_, since| now.duration_since(*since) < ASKS_FROM);
        if asked.contains_key(&tenant) {
            return Ok(());
        }
        let _turn = self.reading.lock().await;
        let read = self.catalog.organization(tenant).await;
        asked.insert(tenant, Instant::now());
        match read {
            Ok(read) => self.directory.set(tenant, read.as_ref()),
            // What it said before holds for as long as it is trusted.
            Err(error) => {
                tracing::debug!(%tenant, "the catalog can't be asked where a moving organisation is: {error}")
            }
        }
        Ok(())
    }
}
