//! What kinds of organisations there are, and what each kind may take of a shared pool.

use std::num::NonZeroU32;
use std::time::Duration;

use super::timeouts::{Timeout, Timeouts};
use crate::UnknownWord;

/// An organisation's size, as it was sold: it sets what the organisation may take of a pool that it shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// The smallest, and what a connection is made for unless told otherwise.
    #[default]
    Small,
    /// Twice a small one by default.
    Medium,
    /// Four times a small one by default.
    Large,
}

impl Tier {
    /// All of them, from small to large.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The tier's name, also in the catalog.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Tier {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|tier| tier.as_str() == text).ok_or_else(|| UnknownWord {
            what: "a tier",
            word: text.to_owned(),
            known: "small, medium, large",
        })
    }
}

/// What an organisation of one tier may take of a pool that it shares, and how large a pool of its own is.
///
/// | | weight | connections at most | reserved | a pool of its own: size + overflow |
/// |---|---|---|---|---|
/// | small | 5 | 15 | 0 | 5 + 10 |
/// | medium | 10 | 30 | 0 | 10 + 20 |
/// | large | 20 | 60 | 0 | 20 + 40 |
///
/// Timeouts are the role's own and rates without a limit, unless they are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierLimits {
    pub(super) weight: u32,
    pub(crate) max_connections: u32,
    pub(super) reserved: u32,
    kept: u32,
    pub(super) statement_timeout: Option<Duration>,
    lock_timeout: Option<Duration>,
    idle_in_transaction_timeout: Option<Duration>,
    per_second: Option<NonZeroU32>,
    pub(super) burst: Option<NonZeroU32>,
}

/// How often one organisation may ask.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) per_second: NonZeroU32,
    pub(super) burst: NonZeroU32,
}

impl TierLimits {
    /// The limits that a tier has unless others are given.
    #[must_use]
    pub const fn of(tier: Tier) -> Self {
        let weight = match tier {
            Tier::Small => 5,
            Tier::Medium => 10,
            Tier::Large => 20,
        };
        // A share, and twice as much again for a burst.
        Self {
            weight,
            max_connections: 3 * weight,
            reserved: 0,
            kept: weight,
            statement_timeout: None,
            lock_timeout: None,
            idle_in_transaction_timeout: None,
            per_second: None,
            burst: None,
        }
    }

    /// The share of the pool while organisations wait for it: one with twice the weight gets twice the connections.
    #[must_use]
    pub const fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// How many connections one organisation of the tier may use at once, even while others are idle; and how many a database
    /// of its own has at most.
    #[must_use]
    pub const fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// How many of the pool's connections are kept for organisations of this tier, idle or not: one that comes finds room at
    /// once, and the others have less. Other databases of the same [`ConnectionBudget`](crate::ConnectionBudget) can still take
    /// them.
    #[must_use]
    pub const fn reserved_connections(mut self, connections: u32) -> Self {
        self.reserved = connections;
        self
    }

    /// How many connections a database of the organisation's own keeps while nobody needs them; the rest, up to
    /// [`max_connections`](Self::max_connections), is closed soon after a burst. A number of its own, because a weight says
    /// nothing but a ratio.
    #[must_use]
    pub const fn kept_connections(mut self, connections: u32) -> Self {
        self.kept = connections;
        self
    }

    /// How long a statement of the tier's may take, to the millisecond, before the server cancels it (SQLSTATE 57014); the role's
    /// own `statement_timeout` unless this is called. It must be shorter than `answer_timeout`.
    #[must_use]
    pub const fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = Some(timeout);
        self
    }

    /// How long a statement of the tier's may wait for each lock, to the millisecond, before it fails (55P03); the role's own
    /// `lock_timeout` unless this is called.
    #[must_use]
    pub const fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = Some(timeout);
        self
    }

    /// How long a transaction of the tier's may wait for its next statement, to the millisecond, before the server ends its
    /// session (25P03); the role's own `idle_in_transaction_session_timeout` unless this is called.
    #[must_use]
    pub const fn idle_in_transaction_timeout(mut self, timeout: Duration) -> Self {
        self.idle_in_transaction_timeout = Some(timeout);
        self
    }

    /// The timeouts, by the methods that set them.
    pub(super) const fn timeouts(&self) -> [(&'static str, Option<Duration>); 3] {
        [
            ("statement_timeout", self.statement_timeout),
            ("lock_timeout", self.lock_timeout),
            ("idle_in_transaction_timeout", self.idle_in_transaction_timeout),
        ]
    }

    /// How many statements one organisation may run a second, in the mean; a transaction counts as one when it begins, and a read
    /// that is asked again, because its connection had died, as two. One more gets
    /// [`PoolError::RateLimited`](crate::PoolError::RateLimited), and nothing is sent. As many as it likes unless this is called.
    #[must_use]
    pub const fn statements_per_second(mut self, statements: NonZeroU32) -> Self {
        self.per_second = Some(statements);
        self
    }

    /// How many of them it may run at once after a pause; as many as in a second unless this is called.
    #[must_use]
    pub const fn burst(mut self, statements: NonZeroU32) -> Self {
        self.burst = Some(statements);
        self
    }

    /// How often one organisation may ask, if that is limited.
    pub(super) fn rate(&self) -> Option<Rate> {
        let per_second = self.per_second?;
        Some(Rate { per_second, burst: self.burst.unwrap_or(per_second) })
    }

    /// The size of a pool of its own: the connections that are kept.
    #[must_use]
    pub const fn pool_size(&self) -> u32 {
        if self.kept < self.max_connections { self.kept } else { self.max_connections }
    }

    /// The connections that a pool of its own may have beyond its size, for a burst.
    #[must_use]
    pub const fn overflow(&self) -> u32 {
        self.max_connections - self.pool_size()
    }
}

/// The limits of all tiers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tiers([TierLimits; Tier::ALL.len()]);

impl Default for Tiers {
    fn default() -> Self {
        Self(Tier::ALL.map(TierLimits::of))
    }
}

impl Tiers {
    /// What a session or transaction of the tier's is to have. What no tier sets is never touched; what any sets is set for all,
    /// so that none is left with another's.
    pub(crate) fn timeouts(&self, tier: Tier) -> Timeouts {
        let of = |get: fn(&TierLimits) -> Option<Duration>| {
            Timeout::new(get(&self[tier]), self.0.iter().any(|limits| get(limits).is_some()))
        };
        Timeouts {
            statement: of(|limits| limits.statement_timeout),
            lock: of(|limits| limits.lock_timeout),
            idle_in_transaction: of(|limits| limits.idle_in_transaction_timeout),
        }
    }
}

impl std::ops::Index<Tier> for Tiers {
    type Output = TierLimits;

    fn index(&self, tier: Tier) -> &TierLimits {
        &self.0[tier as usize]
    }
}

impl std::ops::IndexMut<Tier> for Tiers {
    fn index_mut(&mut self, tier: Tier) -> &mut TierLimits {
        &mut self.0[tier as usize]
    }
}
