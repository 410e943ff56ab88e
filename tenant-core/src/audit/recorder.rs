//! What has entries written for one database.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::DbErr;
use sqlx::AssertSqlSafe;
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::denial::{self, Denial};
use super::entry::{Entry, json};
use super::error::AuditError;
use super::policy::{ReadAudit, WhenFull};
use super::queue::{Queue, Queued};
use super::statistics::AuditStatistics;
use super::writer::Writer;
use crate::bound::BoundConnection;
use crate::database::Conduct;
use crate::pool::Pool;
use crate::{Fingerprint, RoutingError, TenantContext, TenantError, Tier, error};

/// What writes entries for the bound tenant.
const RECORD: &str = "SELECT tenancy.record_accesses(CAST($1 AS jsonb))";

/// How long a statement waits for room in the queue: longer than the writer tries to write what stands in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long closing waits for what is still to be written; and again for what the last statements left.
const CLOSING: Duration = Duration::from_secs(5);

/// The longest text that is worth a fingerprint when it is refused: the longest that is read.
const FINGERPRINTED: usize = 1 << 20;

/// What is logged, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecorderSettings {
    pub(crate) reads: ReadAudit,
    /// Whether any table is marked.
    pub(crate) logs_reads: bool,
    pub(crate) logs_denials: bool,
}

/// The log of reads and denials of one database.
#[derive(Debug)]
pub(crate) struct Recorder {
    settings: RecorderSettings,
    /// Always that of the primary: standbys can't be written to.
    pool: Arc<Pool>,
    conduct: Conduct,
    /// Where entries are written in the background.
    runtime: Handle,
    queue: Mutex<Queue>,
    /// Places in the queue.
    room: Arc<Semaphore>,
    /// Tells the writer not to wait for more.
    pub(super) hurry: Notify,
    /// Tells that a writer has ended.
    ended: Notify,
    written: AtomicU64,
    lost: AtomicU64,
    waits: AtomicU64,
    failures: AtomicU64,
}

impl Recorder {
    /// Nothing where nothing is to be logged.
    pub(crate) fn new(settings: RecorderSettings, pool: &Arc<Pool>, conduct: Conduct) -> Option<Arc<Self>> {
        let is_needed = settings.logs_reads || settings.logs_denials;
        is_needed.then(|| {
            Arc::new(Self {
                settings,
                pool: Arc::clone(pool),
                conduct,
                runtime: Handle::current(),
                queue: Mutex::default(),
                room: Arc::new(Semaphore::new(settings.reads.capacity())),
                hurry: Notify::new(),
                ended: Notify::new(),
                written: AtomicU64::new(0),
                lost: AtomicU64::new(0),
                waits: AtomicU64::new(0),
                failures: AtomicU64::new(0),
            })
        })
    }

    pub(super) const fn reads(&self) -> ReadAudit {
        self.settings.reads
    }

    /// Whether rows are handed out only when their entry has been committed.
    pub(crate) fn is_durable(&self) -> bool {
        self.settings.logs_reads && self.settings.reads == ReadAudit::Durable
    }

    /// A place in the queue for the entry of a statement that is about to be sent; waited for where that is wanted. Whoever asks
    /// holds no connection, which the writer may need.
    ///
    /// # Errors
    /// [`AuditError::QueueFull`].
    pub(crate) async fn place(&self) -> Result<Option<OwnedSemaphorePermit>, TenantError> {
        let when_full = match self.settings.reads {
            ReadAudit::Durable => return Ok(None),
            ReadAudit::Buffered { when_full, .. } => when_full,
        };
        if let Ok(place) = Arc::clone(&self.room).try_acquire_owned() {
            return Ok(Some(place));
        }
        if when_full == WhenFull::Count {
            return Ok(None);
        }
        self.waits.fetch_add(1, Ordering::Relaxed);
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.room).acquire_owned()).await {
            Ok(Ok(place)) => Ok(Some(place)),
            Ok(Err(_)) | Err(_) => {
                let capacity = self.settings.reads.capacity();
                Err(AuditError::QueueFull { waited: PATIENCE, capacity }.into())
            }
        }
    }

    /// Waits until a transaction's reads may be logged.
    ///
    /// # Errors
    /// As [`Self::place`].
    pub(crate) async fn room(&self) -> Result<(), TenantError> {
        if self.settings.logs_reads { self.place().await.map(drop) } else { Ok(()) }
    }

    /// Has an entry written by the writer. Never waits: one without a place goes over the capacity where none may be lost, as what
    /// a transaction or a dropped future leaves.
    pub(super) fn push(self: &Arc<Self>, entry: Entry, place: Option<OwnedSemaphorePermit>) {
        let place = place.or_else(|| Arc::clone(&self.room).try_acquire_owned().ok());
        if place.is_none() && !self.settings.reads.waits() {
            self.lose(1, "no room in the queue");
            return;
        }
        let has_batch = {
            let mut queue = self.queue();
            queue.push(Queued::new(entry, place));
            queue.untouched() >= self.settings.reads.batch()
        };
        self.serve(has_batch);
    }

    /// Logs a statement that was refused.
    pub(crate) fn refused(self: &Arc<Self>, context: &TenantContext, tier: Tier, text: &str, denial: Denial<'_>) {
        if self.settings.logs_denials {
            let fingerprint = || (text.len() <= FINGERPRINTED).then(|| Fingerprint::of(text));
            self.deny(context, tier, || (denial.reason(), fingerprint()));
        }
    }

    /// Logs that an organisation was refused, if that is because it may not work.
    pub(crate) fn turned_away(self: &Arc<Self>, context: &TenantContext, tier: Tier, failure: &RoutingError) {
        if let Some(reason) = denial::of_routing(failure)
            && self.settings.logs_denials
        {
            self.deny(context, tier, || (reason.to_owned(), None));
        }
    }

    fn deny(
        self: &Arc<Self>,
        context: &TenantContext,
        tier: Tier,
        what: impl FnOnce() -> (String, Option<Fingerprint>),
    ) {
        if self.queue().denials.note(context, tier, what) {
            self.serve(false);
        } else {
            self.lose(1, "refusals of too many tenants wait");
        }
    }

    /// Sees that there is a writer.
    fn serve(self: &Arc<Self>, hurry: bool) {
        // One that has ended drops what it is given, and with that says so.
        for runtime in [Some(self.runtime.clone()), Handle::try_current().ok()].into_iter().flatten() {
            if std::mem::replace(&mut self.queue().is_served, true) {
                break;
            }
            runtime.spawn(Writer::new(self).run());
        }
        if hurry {
            self.hurry.notify_one();
        }
    }

    /// Writes entries of one tenant's on a connection that is bound to it, and is in a transaction or runs each statement by itself.
    /// Says how many were written: fewer where a deploy lets statements go on without.
    pub(super) async fn record_on(
        &self,
        bound: &mut BoundConnection,
        entries: impl IntoIterator<Item = &Entry>,
    ) -> Result<usize, DbErr> {
        let json = json(entries);
        let query = sqlx::query_scalar(AssertSqlSafe(RECORD)).bind(json).persistent(bound.prepares());
        let outcome = bound.run(async |connection| query.fetch_one(connection).await).await?;
        let written: Option<i64> = outcome.map_err(error::query)?;
        Ok(written.and_then(|written| usize::try_from(written).ok()).unwrap_or(0))
    }

    /// Writes entries of one tenant's in a transaction of their own, which leaves the session as it is bound. Also when the pool is
    /// closed already.
    pub(super) async fn record(&self, entries: &[&Entry]) -> Result<usize, DbErr> {
        let Some(last) = entries.last() else { return Ok(0) };
        let context = TenantContext::new(last.tenant());
        let mut bound = BoundConnection::begin_for_the_log(&self.pool, self.conduct, &context, last.tier).await?;
        let written = self.record_on(&mut bound, entries.iter().copied()).await?;
        bound.commit().await?;
        Ok(written)
    }

    pub(super) fn wrote(&self, entries: usize) {
        self.written.fetch_add(entries as u64, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts entries that never will be written, and says so.
    pub(super) fn lose(&self, entries: usize, why: &str) {
        if entries == 0 {
            return;
        }
        let before = self.lost.fetch_add(entries as u64, Ordering::Relaxed);
        let so_far = before + entries as u64;
        // One by one they would flood this log too: told at each power of two.
        if entries > 1 || so_far.is_power_of_two() {
            tracing::error!(
                audit.lost = entries,
                audit.lost_so_far = so_far,
                "{entries} entries of the access log were lost, {so_far} so far: {why}"
            );
        }
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is held.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn writer_has_ended(&self) {
        self.ended.notify_waiters();
    }

    /// Writes what waits, for five seconds at most; what is left then is lost.
    pub(crate) async fn flush_and_close(self: &Arc<Self>) {
        let by = Instant::now() + CLOSING;
        self.queue().close_by = Some(by);
        self.hurry.notify_one();
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            // Registered before it is asked, so that none is missed in between.
            ended.as_mut().enable();
            if !std::mem::replace(&mut self.queue().is_served, true) {
                break;
            }
            // It gives up by itself then; unless its runtime has ended, or hangs.
            if tokio::time::timeout_at(by + CLOSING, ended).await.is_err() {
                let left = self.queue().take(usize::MAX);
                return self.lose(left.iter().map(Vec::len).sum(), "the runtime that writes them doesn't run");
            }
        }
        Writer::new(self).run().await;
    }

    pub(crate) fn statistics(&self) -> AuditStatistics {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        AuditStatistics {
            queued: self.queue().waiting() as u64,
            written: read(&self.written),
            lost: read(&self.lost),
            waits: read(&self.waits),
            failures: read(&self.failures),
        }
    }
}
