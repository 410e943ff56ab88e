//! Which database an organisation's statements go to.
//!
//! - Who lives where: a [`Catalog`], read by a [`TenantRouter`](crate::TenantRouter) and kept in memory.
//! - Where that is: [`PlacementUrls`](crate::PlacementUrls), because the catalog holds no credentials.

mod catalog;
mod organization;
mod placement;
mod postgres_catalog;

pub use catalog::{Catalog, CatalogChange, CatalogError, CatalogListener, CatalogMark, CatalogState};
pub use organization::{Organization, OrganizationStatus};
pub use placement::{ParsePlacementNameError, Placement, PlacementKind, PlacementName, UnknownWord};
pub use postgres_catalog::PostgresCatalog;

/// The catalog's tables as SeaORM entities, and its names in the database.
pub mod catalog_tables {
    pub use super::postgres_catalog::{CHANNEL, EVERYTHING, PLACEMENTS, SCHEMA, organization, placement};
}
