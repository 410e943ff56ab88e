//! What was found, within bounds.

use super::finding::Finding;

/// So many are named; the rest is counted.
const MOST: usize = 1000;

/// Findings that are being collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) named: Vec<Finding>,
    pub(super) omitted: u64,
}

impl Findings {
    pub(super) fn add(&mut self, finding: Finding) {
        if self.is_full() {
            self.omitted += 1;
        } else {
            self.named.push(finding);
        }
    }

    /// Whether more are only counted.
    pub(super) const fn is_full(&self) -> bool {
        self.named.len() >= MOST
    }

    /// How many can be named still.
    pub(super) fn left(&self) -> i64 {
        i64::try_from(MOST.saturating_sub(self.named.len())).unwrap_or_default()
    }
}
