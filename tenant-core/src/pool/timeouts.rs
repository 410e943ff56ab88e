//! How long the server lets a tenant's statements take, by the tenant's tier.

use std::time::Duration;

/// The longest that PostgreSQL takes: its timeouts are whole milliseconds in 32 bits.
pub(super) const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// What a session or a transaction is to have as one of the server's timeouts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Timeout {
    /// What it has: no tier of the pool sets this one.
    #[default]
    Untouched,
    /// The role's own, in place of what another tier's tenant may have left.
    Default,
    /// So many milliseconds.
    Milliseconds(u32),
}

impl Timeout {
    /// One that a tier sets or doesn't, in a pool of which any tier sets it or none does.
    pub(super) fn new(of_tier: Option<Duration>, of_any: bool) -> Self {
        match of_tier {
            Some(time) => Self::Milliseconds(u32::try_from(time.as_millis()).unwrap_or(u32::MAX)),
            None if of_any => Self::Default,
            None => Self::Untouched,
        }
    }
}

/// What a session or a transaction is to have as the server's timeouts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// For a statement, from its arrival to its end.
    pub(crate) statement: Timeout,
    /// For each lock that a statement waits for.
    pub(crate) lock: Timeout,
    /// Between two statements of a transaction.
    pub(crate) idle_in_transaction: Timeout,
}

impl Timeouts {
    /// Whether a session may have been left with those of another tier that end a statement.
    pub(crate) fn vary(self) -> bool {
        self.statement != Timeout::Untouched || self.lock != Timeout::Untouched
    }
}
