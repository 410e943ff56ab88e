//! How large a pool is, how long it waits, and what can be wrong with that.

use std::time::Duration;

use super::budget::ConnectionBudget;
use super::tier::{Tier, Tiers};
use super::timeouts::LONGEST;

/// A pool's settings; the builder's methods say what each means.
#[derive(Clone, Debug)]
pub(crate) struct PoolSettings {
    pub(crate) max_connections: u32,
    pub(crate) kept_connections: u32,
    pub(crate) min_connections: u32,
    pub(crate) max_waiting: u32,
    pub(crate) acquire_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_lifetime: Duration,
    pub(crate) ping_after: Duration,
    pub(crate) tiers: Tiers,
    pub(crate) budget: Option<ConnectionBudget>,
}

impl Default for PoolSettings {
    /// The number, the idle timeout and the lifetime are sqlx's own; the acquire timeout is shorter than its 30 s, because a
    /// request that waits so long has been given up by whoever sent it.
    fn default() -> Self {
        Self {
            max_connections: 10,
            // All.
            kept_connections: u32::MAX,
            min_connections: 0,
            max_waiting: 1024,
            acquire_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(10 * 60),
            max_lifetime: Duration::from_secs(30 * 60),
            ping_after: Duration::from_secs(30),
            tiers: Tiers::default(),
            budget: None,
        }
    }
}

/// Settings that no pool could work with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolSettingsError {
    /// A pool without connections.
    #[error("max_connections is 0, so no statement could ever run: give at least 1")]
    NoConnections,
    /// More connections kept than there may be.
    #[error("min_connections is {minimum}, more than the {maximum} of {of}: lower it, or raise that")]
    MinimumAboveMaximum {
        /// What is to be kept open.
        minimum: u32,
        /// What may be open.
        maximum: u32,
        /// Which limit it exceeds.
        of: &'static str,
    },
    /// A budget without connections.
    #[error("the connection budget is 0, so no statement could ever run: give at least 1")]
    NoBudget,
    /// A tier whose organisations could never run a statement.
    #[error("{what} of tier {tier} is 0, so its organisations could never run a statement: give at least 1")]
    EmptyTier {
        /// The tier.
        tier: Tier,
        /// `weight` or `max_connections`.
        what: &'static str,
    },
    /// Reserved connections that leave none to the other tiers.
    #[error(
        "the tiers reserve {reserved} connections beside tier {tier}, all of the {maximum} of max_connections or the budget, \
         so its organisations could never run a statement: reserve fewer, or raise the smaller of these"
    )]
    AllReserved {
        /// The tier that is left without.
        tier: Tier,
        /// What the others reserve.
        reserved: u32,
        /// What there is.
        maximum: u32,
    },
    /// A timeout of a tier's that PostgreSQL can't have, or that would mean none.
    #[error("{setting} of tier {tier} is {given:?}: give at least 1 ms, and at most {LONGEST:?}, PostgreSQL's longest")]
    TierTimeout {
        /// The tier.
        tier: Tier,
        /// The method of [`TierLimits`](crate::TierLimits).
        setting: &'static str,
        /// What was given.
        given: Duration,
    },
    /// A burst of what is not limited.
    #[error(
        "tier {tier} has a burst and no rate that it could exceed: give statements_per_second too, or leave burst out"
    )]
    BurstWithoutRate {
        /// The tier.
        tier: Tier,
    },
    /// A statement that would be given up before the server ends it.
    #[error(
        "statement_timeout of tier {tier} is {given:?}, not shorter than answer_timeout, which is {answer_timeout:?}: connections \
         would be closed under statements that are still allowed to run; lower it, or raise answer_timeout"
    )]
    StatementTimeoutTooLong {
        /// The tier.
        tier: Tier,
        /// What was given.
        given: Duration,
        /// The database's.
        answer_timeout: Duration,
    },
    /// A time limit in which nothing can be done.
    #[error("{setting} is 0, in which no database can answer: give more")]
    NoTime {
        /// The builder's method.
        setting: &'static str,
    },
}

impl PoolSettings {
    /// How many connections there may be: its own maximum, or the budget if that is smaller.
    pub(super) fn most(&self) -> u32 {
        let budget = self.budget.as_ref().map_or(u32::MAX, ConnectionBudget::connections);
        self.max_connections.min(budget)
    }

    pub(crate) fn check(&self) -> Result<(), PoolSettingsError> {
        let (minimum, maximum) = (self.min_connections, self.max_connections);
        if maximum == 0 {
            return Err(PoolSettingsError::NoConnections);
        }
        if minimum > maximum {
            return Err(PoolSettingsError::MinimumAboveMaximum { minimum, maximum, of: "max_connections" });
        }
        if let Some(budget) = self.budget.as_ref().map(ConnectionBudget::connections) {
            if budget == 0 {
                return Err(PoolSettingsError::NoBudget);
            }
            if minimum > budget {
                return Err(PoolSettingsError::MinimumAboveMaximum { minimum, maximum: budget, of: "the budget" });
            }
        }
        for tier in Tier::ALL {
            let limits = self.tiers[tier];
            for (what, value) in [("weight", limits.weight), ("max_connections", limits.max_connections)] {
                if value == 0 {
                    return Err(PoolSettingsError::EmptyTier { tier, what });
                }
            }
            let others = Tier::ALL.into_iter().filter(|other| *other != tier);
            let reserved = others.fold(0, |sum: u32, other| sum.saturating_add(self.tiers[other].reserved));
            if reserved >= self.most() {
                return Err(PoolSettingsError::AllReserved { tier, reserved, maximum: self.most() });
            }
        }
        for tier in Tier::ALL {
            if self.tiers[tier].burst.is_some() && self.tiers[tier].rate().is_none() {
                return Err(PoolSettingsError::BurstWithoutRate { tier });
            }
            for (setting, given) in self.tiers[tier].timeouts() {
                if let Some(given) = given
                    && (given < Duration::from_millis(1) || given > LONGEST)
                {
                    return Err(PoolSettingsError::TierTimeout { tier, setting, given });
                }
            }
        }
        let times = [
            ("acquire_timeout", self.acquire_timeout),
            ("idle_timeout", self.idle_timeout),
            ("max_lifetime", self.max_lifetime),
        ];
        match times.into_iter().find(|(_, time)| time.is_zero()) {
            Some((setting, _)) => Err(PoolSettingsError::NoTime { setting }),
            None => Ok(()),
        }
    }

    /// Checks that the server ends each tier's statements before they are given up.
    pub(crate) fn check_against(&self, answer_timeout: Duration) -> Result<(), PoolSettingsError> {
        for tier in Tier::ALL {
            if let Some(given) = self.tiers[tier].statement_timeout
                && given >= answer_timeout
            {
                return Err(PoolSettingsError::StatementTimeoutTooLong { tier, given, answer_timeout });
            }
        }
        Ok(())
    }
}
