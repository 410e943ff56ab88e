//! Moving an organisation from one placement to another.
//!
//! A move is recorded in the catalog, stage by stage: whoever runs it can be killed at any point, and the next run goes on from there.
//!
//! ```no_run
//! use std::sync::Arc;
//! use tenant_core::Registry;
//! use tenant_migration::TenantMigrator;
//! use tenant_migration::catalog::{CatalogEditor, DeployUrls};
//! use tenant_migration::relocation::{Method, MoveRequest, Mover};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let migrator = TenantMigrator::new(&Registry::collect()?)?;
//! let catalog = CatalogEditor::connect(&"postgres://deploy@db.example/meta".parse()?).await?;
//! let urls = DeployUrls::from_environment();
//! let request = MoveRequest { tenant: "Acme".parse()?, target: "acme".parse()?, method: Method::default() };
//! let rest = Mover::begin(&migrator, catalog, &urls, &request).await?.run().await?;
//! println!("{rest:?}");
//! # Ok(())
//! # }
//! ```

mod cleaning;
mod comparison;
mod copying;
mod error;
mod event;
mod fencing;
mod followable;
mod following;
mod mover;
mod preflight;
mod request;
mod verified;

pub use crate::holdings::HoldingsError;
pub use crate::replication::ParseError;
pub use crate::site::SiteError;
pub use error::MoveError;
pub use event::{MoveEvent, MoveObserver};
pub use mover::{Mover, Rest};
pub use request::{Method, MoveRequest, Pace};
