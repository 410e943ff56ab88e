//! The catalog of organisations and placements: its schema, and writing it.
//!
//! It stands in any PostgreSQL database, the *metadata database*. [`CatalogMigrator`] makes its schema, [`CatalogEditor`] writes
//! it, and programs read it ([`tenant_core::PostgresCatalog`]). [`crate::provision`] makes organisations.
//!
//! ```no_run
//! use tenant_migration::catalog::{CatalogEditor, CatalogMigrator};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url: tenant_migration::DatabaseUrl = "postgres://deploy@db.example/meta".parse()?;
//! let db = sea_orm::Database::connect("postgres://deploy@db.example/meta").await?;
//! CatalogMigrator::default().up(&db).await?;
//! for placement in CatalogEditor::connect(&url).await?.placements().await? {
//!     println!("{}", placement.name);
//! }
//! # Ok(())
//! # }
//! ```

mod edit_error;
mod editor;
mod lifecycle;
mod migrator;
mod migrator_error;
mod move_record;
mod moves;
mod organization;
mod placement;
mod placement_url;
mod placements;
mod roles;
mod schema;
mod state;

pub use edit_error::CatalogEditError;
pub use editor::CatalogEditor;
pub use lifecycle::TRANSITIONS;
pub use migrator::{CatalogMigrator, CatalogPlan};
pub use migrator_error::CatalogMigrationError;
pub use move_record::{CopiedTable, Followed, MoveId, MoveRecord, Notes, Outcome, Stage, Wish};
pub use organization::{OrganizationRecord, TenantName};
pub use placement::PlacementRecord;
pub use placement_url::{DeployUrlError, DeployUrls};
pub use roles::CatalogRoles;
pub use state::CatalogStatus;
