//! The reads of one transaction, until it has ended.

use std::sync::Arc;

use super::entry::Entry;
use super::recorder::Recorder;

/// Entries of a transaction's reads: those that are written after it, and copies of those that were written in it, which a
/// rollback takes away.
///
/// Dropped, it hands over what is not in the log.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    kept: Vec<Kept>,
    recorder: Option<Arc<Recorder>>,
    /// Entries that were written and of which there was no room for a copy.
    uncopied: usize,
}

#[derive(Debug)]
struct Kept {
    entry: Entry,
    /// The number of the last savepoint that had been opened then.
    since: u64,
    /// Whether it is in the log if the transaction is committed.
    is_written: bool,
}

impl Trail {
    /// How many entries wait.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn add(&mut self, recorder: &Arc<Recorder>, entry: Entry, since: u64, is_written: bool) {
        self.recorder.get_or_insert_with(|| Arc::clone(recorder));
        if self.kept.len() < recorder.reads().capacity() {
            self.kept.push(Kept { entry, since, is_written });
        } else if is_written {
            self.uncopied += 1;
        } else {
            recorder.lose(1, "a transaction read more often than entries may wait for its end");
        }
    }

    /// Notes that what was done since the savepoint of this number was undone.
    pub(crate) fn undone_since(&mut self, number: u64) {
        for kept in self.kept.iter_mut().filter(|kept| kept.since >= number) {
            kept.is_written = false;
        }
    }

    /// Notes that the transaction was committed.
    pub(crate) fn committed(&mut self) {
        self.kept.retain(|kept| !kept.is_written);
        self.uncopied = 0;
    }

    /// Hands over what is not in the log.
    pub(crate) fn hand_over(&mut self) {
        let Some(recorder) = self.recorder.take() else { return };
        recorder
            .lose(std::mem::take(&mut self.uncopied), "a transaction with more reads than are kept was rolled back");
        for kept in self.kept.drain(..) {
            recorder.push(kept.entry, None);
        }
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        self.hand_over();
    }
}
