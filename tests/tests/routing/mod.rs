//! Several databases, each with rows of every organisation that say where they are, and a catalog that a test can break.

mod estate;
mod memory_catalog;

pub(crate) use estate::{Estate, PREPARED, Seen, organization, placement, tenant};
pub(crate) use memory_catalog::MemoryCatalog;

use sea_orm::DbErr;
use tenant_core::{RoutingError, TenantError};

/// Why the router had no database.
pub(crate) fn routing_error(failure: &DbErr) -> &RoutingError {
    match TenantError::of(failure) {
        Some(TenantError::Routing(error)) => error,
        _ => panic!("not the router's: {failure}"),
    }
}
