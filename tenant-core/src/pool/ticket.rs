//! A place in the queue for a connection.

use std::sync::Arc;
use std::time::Duration;

use super::pool::Pool;
use super::pooled::Pooled;
use super::state::{Answer, Grant, Refusal};
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
        // Left and looked at in one: whatever was given is given before that, and nothing after.
        let granted = self.pool.change(|state| match state.queue.leave(self.tenant, self.serial) {
            Some(_) => None,
            None => self.answer.try_recv().ok().and_then(Result::ok),
        });
        // As from anybody else: meanwhile the pool may have been closed, or another one have come to need the connection.
        match granted {
            Some(Grant { seat, place: Place::Taken(pooled) }) => self.pool.take_back(seat, Duration::ZERO, pooled),
            Some(Grant { seat, place: Place::Empty }) => self.pool.lost(seat, Duration::ZERO, None),
            None => {}
        }
    }
}
