//! Much traffic of many tenants on a small pool, in which every row that is read says whose it is.

mod request;
mod seal;
mod tally;
mod town;
mod zipf;

pub(crate) use request::{Failure, Request};
pub(crate) use seal::{Mismatch, Seal};
pub(crate) use tally::Tally;
pub(crate) use town::Town;
pub(crate) use zipf::Zipf;

/// The tenant of this number, from 0.
pub(crate) const fn tenant(number: usize) -> tenant_core::TenantId {
    tenant_core::TenantId::new(uuid::Uuid::from_u128(number as u128 + 1))
}
