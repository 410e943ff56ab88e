//! Which transactions are open within one another on a connection, and whose turn it is.

use std::collections::BTreeSet;

use crate::TenantError;

/// The number of the outermost transaction, which has no savepoint.
pub(crate) const OUTERMOST: u64 = 0;

/// The open savepoints of one transaction.
///
/// Each has a number of its own, never used again: a handle that outlived its savepoint can't be taken for another's.
#[derive(Debug, Default)]
pub(crate) struct Savepoints {
    /// The open ones, each within the one before.
    open: Vec<u64>,
    /// Those whose handle was dropped without an end.
    abandoned: BTreeSet<u64>,
    last: u64,
    /// The outermost transaction has ended, or was dropped.
    ended: bool,
    /// Rows are being read.
    streaming: bool,
}

impl Savepoints {
    /// Whether the outermost transaction is over.
    pub(crate) const fn is_over(&self) -> bool {
        self.ended
    }

    /// Ends the outermost transaction, and with it all within.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// Notes whether rows are being read.
    pub(crate) fn stream(&mut self, streaming: bool) {
        self.streaming = streaming;
    }

    /// Refuses an operation that would wait for a stream in the hands of whoever asks for it.
    pub(crate) const fn while_streaming(&self) -> Result<(), TenantError> {
        if self.streaming { Err(TenantError::StreamOpen) } else { Ok(()) }
    }

    /// A number for a new savepoint.
    pub(crate) fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Notes that the savepoint is open.
    pub(crate) fn opened(&mut self, number: u64) {
        self.open.push(number);
    }

    /// Notes that the savepoint and all within it are gone.
    pub(crate) fn closed(&mut self, number: u64) {
        if let Some(position) = self.open.iter().position(|open| *open == number) {
            for gone in self.open.drain(position..) {
                self.abandoned.remove(&gone);
            }
        }
    }

    /// Notes that the savepoint's handle was dropped without an end.
    pub(crate) fn abandon(&mut self, number: u64) {
        if self.open.contains(&number) {
            self.abandoned.insert(number);
        }
    }

    /// The outermost savepoint that was abandoned and must be undone before anything else.
    pub(crate) fn to_undo(&self) -> Option<u64> {
        self.open.iter().copied().find(|number| self.abandoned.contains(number))
    }

    /// Whether it is this transaction's turn: it is open, and nothing within it is.
    pub(crate) fn turn_of(&self, number: u64) -> Result<(), TenantError> {
        if self.ended || (number != OUTERMOST && !self.open.contains(&number)) {
            return Err(TenantError::TransactionEnded);
        }
        if self.open.last().copied().unwrap_or(OUTERMOST) == number {
            Ok(())
        } else {
            Err(TenantError::NestedTransactionOpen)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_never_used_again() {
        let mut savepoints = Savepoints::default();
        let first = savepoints.next();
        savepoints.opened(first);
        savepoints.closed(first);
        let second = savepoints.next();
        savepoints.opened(second);
        assert!(matches!(savepoints.turn_of(first), Err(TenantError::TransactionEnded)));
        assert!(savepoints.turn_of(second).is_ok());
        assert!(matches!(savepoints.turn_of(OUTERMOST), Err(TenantError::NestedTransactionOpen)));
    }

    #[test]
    fn the_outermost_abandoned_one_is_undone_with_all_within() {
        let mut savepoints = Savepoints::default();
        for _ in 0..3 {
            let number = savepoints.next();
            savepoints.opened(number);
        }
        savepoints.abandon(3);
        savepoints.abandon(2);
        assert_eq!(savepoints.to_undo(), Some(2));
        savepoints.closed(2);
        assert_eq!(savepoints.to_undo(), None);
        assert!(savepoints.turn_of(1).is_ok());
        // Dropped after it was gone with the one around it: no mark is left behind.
        savepoints.abandon(3);
        assert_eq!(savepoints.to_undo(), None);
    }
}
