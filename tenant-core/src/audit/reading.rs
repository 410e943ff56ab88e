//! A read of marked tables, from before it is sent until it is logged.

use std::sync::Arc;

use sea_orm::DbErr;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::entry::{Access, Entry};
use super::error::AuditError;
use super::policy::{ReadAudit, WhenFull};
use super::recorder::Recorder;
use crate::bound::BoundConnection;
use crate::scope::{LoggedRead, ScopedStatement};
use crate::{TenantContext, TenantError, Tier, error};

/// What is said of a read whose future or stream was dropped.
const DROPPED: &str = "not read to its end";

/// Where a read runs, and with it where its entry can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// By itself, on the primary.
    Primary,
    /// By itself, on a standby.
    Standby,
    /// In a transaction that goes on.
    Transaction,
}

/// A read that is about to be sent, or was.
///
/// Dropped before it has ended, it is logged with the rows that were read until then.
#[derive(Debug)]
pub(crate) struct Reading {
    recorder: Arc<Recorder>,
    read: Arc<LoggedRead>,
    context: TenantContext,
    tier: Tier,
    ground: Ground,
    since: Instant,
    rows: u64,
    /// Whether rows were handed out one by one.
    is_seen: bool,
    /// Why it gave no more rows, unless it gave all.
    cut_short: Option<String>,
    place: Option<OwnedSemaphorePermit>,
    /// Whether its entry was written on its own connection.
    is_written: bool,
    /// Whether there is an entry of it, or is to be none.
    is_done: bool,
}

impl Reading {
    /// Of a statement that is sent next; nothing if it reads no marked table.
    pub(crate) fn of(
        recorder: Option<&Arc<Recorder>>,
        statement: &ScopedStatement,
        context: &TenantContext,
        tier: Tier,
        ground: Ground,
        place: Option<OwnedSemaphorePermit>,
    ) -> Option<Self> {
        let (recorder, read) = (recorder?, statement.logged_read()?);
        Some(Self {
            recorder: Arc::clone(recorder),
            read: Arc::clone(read),
            context: context.clone(),
            tier,
            ground,
            since: Instant::now(),
            rows: 0,
            is_seen: false,
            cut_short: Some(DROPPED.to_owned()),
            place,
            is_written: false,
            is_done: false,
        })
    }

    /// Refuses a read whose entry could not be kept until its transaction's end.
    pub(crate) fn check_room(&mut self, bound: &BoundConnection) -> Result<(), TenantError> {
        let entries = bound.trail().len();
        match self.recorder.reads() {
            ReadAudit::Buffered { capacity, when_full: WhenFull::Wait, .. } if entries >= capacity => {
                self.is_done = true;
                Err(AuditError::TransactionFull { entries }.into())
            }
            ReadAudit::Buffered { .. } | ReadAudit::Durable => Ok(()),
        }
    }

    /// Notes in which database it runs: its tenant may have moved since it was prepared.
    pub(crate) fn runs_at(&mut self, recorder: Option<&Arc<Recorder>>) {
        if let Some(recorder) = recorder.filter(|recorder| !Arc::ptr_eq(recorder, &self.recorder)) {
            self.recorder = Arc::clone(recorder);
            self.place = None;
        }
    }

    /// Notes that it is not sent yet: dropped now, it was no read.
    pub(crate) const fn not_yet(&mut self) {
        self.is_done = true;
    }

    /// Notes that it is sent now.
    pub(crate) fn sent(&mut self) {
        self.is_done = false;
        self.since = Instant::now();
    }

    /// Notes a row.
    pub(crate) const fn row(&mut self) {
        self.rows += 1;
        self.is_seen = true;
    }

    /// The rows so far.
    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// Notes how it ended, on the connection that it ran on. Where rows wait for the entry, it is written there.
    ///
    /// # Errors
    /// [`AuditError::Unwritten`].
    pub(crate) async fn ended(
        &mut self,
        bound: &mut BoundConnection,
        outcome: Result<u64, &DbErr>,
    ) -> Result<(), TenantError> {
        match outcome {
            Ok(rows) => {
                self.rows = rows;
                self.cut_short = None;
            }
            Err(failure) if TenantError::was_not_sent(failure) || self.is_of_the_fence(failure) => {
                self.is_done = true;
                return Ok(());
            }
            Err(failure) => {
                let state = error::state(failure);
                self.cut_short = Some(state.map_or_else(|| "failed".to_owned(), |state| format!("failed ({state})")));
            }
        }
        let is_written = outcome.is_ok() && self.recorder.is_durable() && self.ground != Ground::Standby;
        if is_written {
            let entry = self.entry();
            if let Err(unwritten) = self.expect_one(self.recorder.record_on(bound, [&entry]).await) {
                // Nothing is handed out; and what the statement did is undone, or is the transaction's to undo. Rows that were
                // seen already are written later.
                self.is_done = !self.is_seen;
                bound.refused();
                return Err(unwritten);
            }
        }
        match self.ground {
            Ground::Transaction => {
                let since = bound.last_savepoint();
                let entry = self.entry();
                bound.trail_mut().add(&self.recorder, entry, since, is_written);
                self.is_done = true;
            }
            // Until its transaction is seen to be committed it may be lost: where rows were seen it is rather there twice.
            Ground::Primary | Ground::Standby => self.is_done = is_written && !self.is_seen,
        }
        self.is_written = is_written;
        Ok(())
    }

    /// Sees that there is an entry, where that can only be now that its connection was given back.
    ///
    /// # Errors
    /// [`AuditError::Unwritten`].
    pub(crate) async fn finish(mut self) -> Result<(), TenantError> {
        self.is_done |= self.is_written;
        if self.is_done || self.cut_short.is_some() || !self.recorder.is_durable() {
            return Ok(());
        }
        self.is_done = !self.is_seen;
        let entry = self.entry();
        let outcome = self.expect_one(self.recorder.record(&[&entry]).await);
        self.is_done |= outcome.is_ok();
        outcome
    }

    /// Also where a deploy lets statements go on without their entries, rows that wait for one do not.
    fn expect_one(&self, outcome: Result<usize, DbErr>) -> Result<(), TenantError> {
        let source = match outcome {
            Ok(1) => {
                self.recorder.wrote(1);
                return Ok(());
            }
            Ok(_) => {
                DbErr::Custom("the database could not write it, and goes on without as it was deployed".to_owned())
            }
            Err(failure) => failure,
        };
        Err(AuditError::Unwritten { source }.into())
    }

    /// Whether it gave nothing because its tenant is being moved: it is asked again, or was no read.
    fn is_of_the_fence(&self, failure: &DbErr) -> bool {
        !self.is_seen && TenantError::is_of_the_fence(failure)
    }

    fn entry(&self) -> Entry {
        let access = Access::Read {
            read: Arc::clone(&self.read),
            rows: self.rows,
            took: self.since.elapsed(),
            cut_short: self.cut_short.clone(),
        };
        Entry { context: self.context.clone(), tier: self.tier, access, at: Instant::now() }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if !self.is_done {
            self.recorder.push(self.entry(), self.place.take());
        }
    }
}
