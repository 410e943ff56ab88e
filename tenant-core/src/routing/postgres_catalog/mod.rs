//! The catalog in a PostgreSQL database, as `migrate catalog up` makes it.
//!
//! It stands in a schema of its own, which roles of tenants' databases can't even name: the list of all organisations is nobody's
//! but the router's.

mod catalog;
mod listener;
pub mod organization;
pub mod placement;

pub use catalog::PostgresCatalog;

/// The catalog's schema.
pub const SCHEMA: &str = "tenancy_catalog";

/// The channel on which changes are told (`NOTIFY`): an organisation's UUID, [`PLACEMENTS`] or [`EVERYTHING`].
pub const CHANNEL: &str = "tenancy_catalog";

/// Told when placements were changed.
pub const PLACEMENTS: &str = "placements";

/// Told when more was changed than would be told one by one.
pub const EVERYTHING: &str = "everything";
