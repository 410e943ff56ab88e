//! The entries that wait to be written.

use std::collections::{HashMap, VecDeque};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::denials::Denials;
use super::entry::Entry;
use crate::TenantId;

/// An entry that waits, with the place that it takes: none where a transaction had it before.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) entry: Entry,
    _place: Option<OwnedSemaphorePermit>,
}

impl Queued {
    pub(super) const fn new(entry: Entry, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { entry, _place: place }
    }
}

/// What waits, and who writes it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    reads: VecDeque<Queued>,
    pub(super) denials: Denials,
    /// Entries in the writer's hands.
    in_hand: usize,
    /// Whether there is a writer.
    pub(super) is_served: bool,
    /// When nothing is tried any more, because all is being closed.
    pub(super) close_by: Option<Instant>,
}

impl Queue {
    pub(super) fn push(&mut self, queued: Queued) {
        self.reads.push_back(queued);
    }

    /// Entries that are not written yet.
    pub(super) fn waiting(&self) -> usize {
        self.reads.len() + self.denials.entries() + self.in_hand
    }

    /// Entries that nobody has begun to write.
    pub(super) fn untouched(&self) -> usize {
        self.reads.len() + self.denials.entries()
    }

    /// Everything, a statement's worth of one tenant's at a time.
    pub(super) fn take(&mut self, batch: usize) -> VecDeque<Vec<Queued>> {
        let mut of_tenants: HashMap<TenantId, Vec<Vec<Queued>>> = HashMap::new();
        let denials = self.denials.take().into_iter().map(|entry| Queued::new(entry, None));
        for queued in self.reads.drain(..).chain(denials) {
            let batches = of_tenants.entry(queued.entry.tenant()).or_default();
            match batches.last_mut() {
                Some(last) if last.len() < batch => last.push(queued),
                Some(_) | None => batches.push(vec![queued]),
            }
        }
        let batches: VecDeque<_> = of_tenants.into_values().flatten().collect();
        self.in_hand = batches.iter().map(Vec::len).sum();
        batches
    }

    /// Notes that a batch was written, or given up.
    pub(super) fn done(&mut self, entries: usize) {
        self.in_hand -= entries;
    }

    /// Takes back what a writer that has ended didn't write.
    pub(super) fn put_back(&mut self, batches: impl IntoIterator<Item = Vec<Queued>>) {
        let newer = std::mem::take(&mut self.reads);
        self.reads = batches.into_iter().flatten().chain(newer).collect();
        self.in_hand = 0;
    }
}
