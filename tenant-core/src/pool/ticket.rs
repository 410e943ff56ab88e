//! A place in the queue for a connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot::error::TryRecvError;

use super::pool::Pool;
use super::pooled::Pooled;
use super::state::{Answer, Grant, Refusal, Returned};
use super::stock::Place;
use crate::TenantId;

/// Waits for a connection. Dropped, it leaves the queue, and gives back what it was given meanwhile.
#[derive(Debug)]
pub(super) struct Ticket<'p> {
    pool: &'p Arc<Pool>,
    tenant: TenantId,
    serial: u64,
    answer: Answer<Pooled>,
    answered: bool,
}

impl<'p> Ticket<'p> {
    pub(super) const fn new(pool: &'p Arc<Pool>, tenant: TenantId, serial: u64, answer: Answer<Pooled>) -> Self {
        Self { pool, tenant, serial, answer, answered: false }
    }

    pub(super) async fn wait(mut self) -> Result<Grant<Pooled>, Refusal> {
        let answer = (&mut self.answer).await;
        self.answered = true;
        // A sender that is dropped unused has gone with its pool.
        answer.unwrap_or(Err(Refusal::Closed))
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        self.pool.abandoned_wait();
        self.pool.change(|state| {
            if state.queue.leave(self.tenant, self.serial).is_some() {
                return;
            }
            match self.answer.try_recv() {
                Ok(Ok(Grant { seat, place: Place::Taken(pooled) })) => {
                    state.end(seat, Duration::ZERO, Returned::Idle(pooled));
                }
                Ok(Ok(Grant { seat, place: Place::Empty })) => state.end(seat, Duration::ZERO, Returned::Gone),
                Ok(Err(_)) | Err(TryRecvError::Empty | TryRecvError::Closed) => {}
            }
        });
    }
}
