//! `migrate catalog`, `placement` and `tenant`: who lives where.

mod archiving;
mod arguments;
mod erasing;
mod listing;
mod moving;
mod placement;
mod schema;
mod tenant;

pub(super) use arguments::{CatalogArguments, CatalogUrl};
pub(super) use placement::{PlacementArguments, placement};
pub(super) use schema::catalog;
pub(super) use tenant::{TenantArguments, tenant};
