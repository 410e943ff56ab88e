//! How long migrations wait for others.

use std::time::Duration;

/// A lock that isn't waited for at all is never had on a busy table.
const SHORTEST: Duration = Duration::from_millis(10);

/// How long changes wait for locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    lock_timeout: Duration,
    total: Duration,
}

impl Patience {
    /// The default: 250 ms an attempt, 2 minutes in all.
    pub const DEFAULT: Self = Self { lock_timeout: Duration::from_millis(250), total: Duration::from_secs(120) };

    /// How long one attempt keeps others waiting: everybody who wants a table waits behind the attempt to lock it. The pause
    /// until the next attempt is ten times as long.
    #[must_use]
    pub const fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// For how long a change is attempted.
    #[must_use]
    pub const fn total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// For how long one attempt may wait for each of so many tables.
    pub(crate) fn of_each(self, tables: usize) -> Duration {
        let tables = u32::try_from(tables).unwrap_or(u32::MAX).max(1);
        (self.lock_timeout / tables).max(SHORTEST)
    }

    /// The pause until the next attempt: never the same, so that two who get in each other's way don't go on doing so.
    pub(crate) fn pause(self) -> Duration {
        self.lock_timeout.saturating_mul(10).mul_f64(0.5 + fastrand::f64())
    }

    /// When all attempts are to end.
    pub(crate) const fn end(self) -> Duration {
        self.total
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::DEFAULT
    }
}
