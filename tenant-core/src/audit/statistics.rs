//! What a program's log of reads and denials is doing.

use std::ops::AddAssign;

/// Entries of the access log that this program writes, for one database or all of a router's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditStatistics {
    /// Entries that wait to be written now.
    pub queued: u64,
    /// Entries that were written.
    pub written: u64,
    /// Entries that never will be: they found no room, or could not be written for half a minute, or until all was closed.
    pub lost: u64,
    /// Statements that had to wait for room before they were sent.
    pub waits: u64,
    /// Attempts to write that failed, and were made again or given up.
    pub failures: u64,
}

impl AddAssign for AuditStatistics {
    fn add_assign(&mut self, other: Self) {
        let Self { queued, written, lost, waits, failures } = other;
        self.queued += queued;
        self.written += written;
        self.lost += lost;
        self.waits += waits;
        self.failures += failures;
    }
}
