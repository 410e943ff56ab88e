//! The tenant-affine pool: connections that stay bound to their tenant, shared fairly between tenants.
//!
//! - [`state`](State) decides who may have a connection now: [`queue`](Queue) whose turn it is, [`stock`](Stock) which connection.
//! - A [`Lease`] is a connection in somebody's hands; it comes back by being given back, and is closed otherwise.

mod binding;
mod budget;
mod claim;
mod counters;
mod error;
mod housekeeping;
mod kept_place;
mod lease;
mod open;
#[expect(clippy::module_inception, reason = "the type the folder is named after")]
mod pool;
mod pooled;
mod queue;
mod rates;
mod settings;
mod state;
mod statistics;
mod stock;
#[cfg(test)]
mod tests;
mod ticket;
mod tier;
mod timeouts;

pub use binding::BindingMode;
pub(crate) use binding::{Binding, Wanted};
pub use budget::ConnectionBudget;
pub(crate) use claim::Claim;
pub use error::PoolError;
pub(crate) use lease::Lease;
pub(crate) use pool::{Pool, Progress, Stage};
pub(crate) use settings::PoolSettings;
pub use settings::PoolSettingsError;
pub use statistics::{CloseReason, PoolCounts, PoolStatistics};
pub use tier::{Tier, TierLimits};
pub(crate) use timeouts::{Timeout, Timeouts};
