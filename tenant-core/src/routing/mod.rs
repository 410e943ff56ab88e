//! Which database an organisation's statements go to.
//!
//! - Who lives where: a [`Catalog`], read by a [`TenantRouter`] and kept in memory, as its watcher hears of changes.
//! - Where that is: [`PlacementUrls`], because the catalog holds no credentials.
//! - A placement is opened when it is first needed, by the same check as any [`TenantDatabase`](crate::TenantDatabase).

mod catalog;
mod core;
mod directory;
mod error;
mod health;
mod home;
mod moving;
mod opening;
mod organization;
mod placement;
mod placement_urls;
mod postgres_catalog;
mod router;
mod router_builder;
mod unknown;
mod watcher;

pub(crate) use core::{Core, Visit};
pub(crate) use moving::Waiting;

pub use catalog::{Catalog, CatalogChange, CatalogError, CatalogListener, CatalogMark, CatalogState};
pub use error::RoutingError;
pub use health::CatalogHealth;
pub use organization::{Organization, OrganizationStatus};
pub use placement::{ParsePlacementNameError, Placement, PlacementKind, PlacementName, UnknownWord};
pub use placement_urls::{ConfiguredUrls, GivenUrls, PLACEMENTS_DIR, PlacementUrlError, PlacementUrls, Purpose};
pub use postgres_catalog::PostgresCatalog;
pub use router::{PlacementState, PlacementStatus, TenantRouter};
pub use router_builder::{RouterError, TenantRouterBuilder};

/// The catalog's tables as SeaORM entities, and its names in the database.
pub mod catalog_tables {
    pub use super::postgres_catalog::{CHANNEL, EVERYTHING, PLACEMENTS, SCHEMA, organization, placement};
}
