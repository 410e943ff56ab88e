//! How stale an answer may be.

use std::time::Duration;

/// The most that a read may miss: the answer contains all that was committed on the primary this long before the read was asked
/// for, or earlier.
///
/// Standbys are asked ten times a second how far they are, so that less than about 200 ms sends most reads to the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxLag(Duration);

impl MaxLag {
    /// At most this long.
    #[must_use]
    pub const fn new(lag: Duration) -> Self {
        Self(lag)
    }

    /// How long.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.0
    }
}
