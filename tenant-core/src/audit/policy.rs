//! How reads of marked tables are logged.

use std::time::Duration;

use super::error::AuditSettingsError;

/// How reads of tables marked `audit(reads)` are logged.
///
/// `ReadAudit::default()` is [`Self::Buffered`] with 10,000 entries, 200 ms, 500 and [`WhenFull::Wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAudit {
    /// Rows are handed out when their entry has been committed, and not without it: an entry that can't be written is the
    /// statement's error ([`AuditError::Unwritten`](crate::AuditError::Unwritten)). One more round trip for a read.
    Durable,
    /// Entries wait in memory and are written in batches, by a writer in the background. No round trip more for a read; what
    /// waits is lost with the process.
    Buffered {
        /// How many entries may wait.
        capacity: usize,
        /// How long an entry waits at most before the writer begins to write it.
        flush_every: Duration,
        /// With so many entries the writer begins at once; and it writes so many in one statement at most.
        batch: usize,
        /// What becomes of a read while as many entries wait as may.
        when_full: WhenFull,
    },
}

/// What becomes of a read while no more entries may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenFull {
    /// It waits, before it takes a connection, until there is room.
    Wait,
    /// It goes on, and its entry is lost and [counted](crate::AuditStatistics::lost).
    Count,
}

impl Default for ReadAudit {
    fn default() -> Self {
        Self::Buffered {
            capacity: DEFAULT_CAPACITY,
            flush_every: DEFAULT_FLUSH_EVERY,
            batch: DEFAULT_BATCH,
            when_full: WhenFull::Wait,
        }
    }
}

/// How denials, and what durable reads leave when they are cut short or rolled back, wait.
const DEFAULT_CAPACITY: usize = 10_000;
const DEFAULT_FLUSH_EVERY: Duration = Duration::from_millis(200);
const DEFAULT_BATCH: usize = 500;

impl ReadAudit {
    pub(super) const fn capacity(self) -> usize {
        match self {
            Self::Buffered { capacity, .. } => capacity,
            Self::Durable => DEFAULT_CAPACITY,
        }
    }

    pub(super) const fn flush_every(self) -> Duration {
        match self {
            Self::Buffered { flush_every, .. } => flush_every,
            Self::Durable => DEFAULT_FLUSH_EVERY,
        }
    }

    pub(super) const fn batch(self) -> usize {
        match self {
            Self::Buffered { batch, .. } => batch,
            Self::Durable => DEFAULT_BATCH,
        }
    }

    /// Whether no entry is given up because there is no room for it.
    pub(super) const fn waits(self) -> bool {
        matches!(self, Self::Buffered { when_full: WhenFull::Wait, .. })
    }

    pub(crate) fn check(self) -> Result<(), AuditSettingsError> {
        let Self::Buffered { capacity, flush_every, batch, .. } = self else { return Ok(()) };
        for (setting, is_zero) in
            [("capacity", capacity == 0), ("flush_every", flush_every.is_zero()), ("batch", batch == 0)]
        {
            if is_zero {
                return Err(AuditSettingsError::Zero { setting });
            }
        }
        let limit = tokio::sync::Semaphore::MAX_PERMITS;
        if capacity > limit { Err(AuditSettingsError::Capacity { given: capacity, limit }) } else { Ok(()) }
    }
}
