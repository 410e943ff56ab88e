//! Operations that are cut half-way on a small pool which several tenants share, and what may be left behind: nothing.
//!
//! The way to the database is a parameter ([`Access`]): the framework's own, and others as negative controls.

mod access;
mod books;
mod fault;
mod ground;
mod harness;
mod naive_affinity;
mod operation;
mod textbook;
mod transaction;
mod trial;
mod waiting;

pub(crate) use access::Access;
pub(crate) use fault::Fault;
pub(crate) use ground::Ground;
pub(crate) use harness::Harness;
pub(crate) use naive_affinity::NaiveAffinity;
pub(crate) use operation::Operation;
pub(crate) use textbook::Textbook;

/// Tenants that share the pool.
const TENANTS: usize = 3;

/// The tenant of this number, from 0.
pub(crate) const fn tenant(number: usize) -> tenant_core::TenantId {
    tenant_core::TenantId::new(uuid::Uuid::from_u128(number as u128 + 1))
}
