//! What kinds of organisations there are, and what each kind may take of a shared pool.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierLimits {
    pub(super) weight: u32,
    pub(crate) max_connections: u32,
    pub(super) reserved: u32,
    kept: u32,
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
        Self { weight, max_connections: 3 * weight, reserved: 0, kept: weight }
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
