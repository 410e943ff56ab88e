//! A bound connection as the transactions within one another share it.

use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sea_orm::DbErr;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};

use crate::TenantError;
use crate::bound::BoundConnection;
use crate::savepoints::{OUTERMOST, Savepoints};

/// A bound connection, and which transaction may use it.
#[derive(Debug)]
pub(crate) struct SharedConnection {
    bound: Arc<AsyncMutex<BoundConnection>>,
    savepoints: Mutex<Savepoints>,
    /// Tells those that wait for the connection that a stream has it now.
    stream_opened: Notify,
}

impl SharedConnection {
    pub(crate) fn new(bound: BoundConnection) -> Arc<Self> {
        Arc::new(Self {
            bound: Arc::new(AsyncMutex::new(bound)),
            savepoints: Mutex::default(),
            stream_opened: Notify::new(),
        })
    }

    /// The connection for one operation of the transaction of this number: abandoned ones within it are undone first.
    pub(crate) async fn turn(self: &Arc<Self>, number: u64) -> Result<Turn, DbErr> {
        let mut turn = self.lock().await?;
        loop {
            let to_undo = {
                let savepoints = self.savepoints();
                // Asked before the connection is: it says more than that there is none.
                if savepoints.is_over() {
                    return Err(TenantError::TransactionEnded.into());
                }
                savepoints.to_undo()
            };
            let Some(abandoned) = to_undo else { break };
            turn.rollback_to(abandoned).await?;
            self.savepoints().closed(abandoned);
        }
        self.savepoints().turn_of(number)?;
        Ok(turn)
    }

    /// The connection to end the outermost transaction without keeping anything: whatever is within it ends too.
    pub(crate) async fn last_turn(self: &Arc<Self>) -> Result<Turn, DbErr> {
        Ok(self.lock().await?)
    }

    /// Opens a savepoint within the transaction of this number.
    pub(crate) async fn savepoint(self: &Arc<Self>, within: u64) -> Result<u64, DbErr> {
        let mut turn = self.turn(within).await?;
        let number = self.savepoints().next();
        turn.savepoint(number).await?;
        self.savepoints().opened(number);
        Ok(number)
    }

    /// Notes the end of a transaction.
    pub(crate) fn closed(&self, number: u64) {
        if number == OUTERMOST { self.savepoints().end() } else { self.savepoints().closed(number) }
    }

    /// Notes that a transaction was dropped without an end. The outermost lets the connection go: at once, or when the
    /// operation that runs on it ends.
    pub(crate) fn abandon(&self, number: u64) {
        if number != OUTERMOST {
            self.savepoints().abandon(number);
            return;
        }
        self.savepoints().end();
        if let Ok(mut bound) = self.bound.try_lock() {
            bound.let_go();
        }
    }

    /// Waits for the connection, but not for a stream: that may be in the hands of whoever waits.
    async fn lock(self: &Arc<Self>) -> Result<Turn, TenantError> {
        let mut lock = pin!(Arc::clone(&self.bound).lock_owned());
        loop {
            let mut opened = pin!(self.stream_opened.notified());
            // Registered before it is asked, so that no stream opens unheard in between.
            opened.as_mut().enable();
            self.savepoints().while_streaming()?;
            tokio::select! {
                bound = &mut lock => return Ok(Turn { bound, shared: Arc::clone(self), streams: false }),
                () = opened => {}
            }
        }
    }

    fn savepoints(&self) -> MutexGuard<'_, Savepoints> {
        // Nothing panics while it is held; and its every state is a sound one.
        self.savepoints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection in the hands of one operation.
///
/// Dropped while the operation was not seen to end, or after the outermost transaction was, it lets the connection go.
#[derive(Debug)]
pub(crate) struct Turn {
    bound: OwnedMutexGuard<BoundConnection>,
    shared: Arc<SharedConnection>,
    streams: bool,
}

impl Turn {
    /// Keeps the connection for as long as rows are read: until then, other operations are refused instead of waiting.
    pub(crate) fn stream(mut self) -> Self {
        self.streams = true;
        self.shared.savepoints().stream(true);
        self.shared.stream_opened.notify_waiters();
        self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut savepoints = self.shared.savepoints();
        if self.streams {
            savepoints.stream(false);
        }
        if savepoints.is_over() || self.bound.is_in_doubt() {
            self.bound.let_go();
        }
    }
}

impl Deref for Turn {
    type Target = BoundConnection;

    fn deref(&self) -> &BoundConnection {
        &self.bound
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut BoundConnection {
        &mut self.bound
    }
}
