//! One organisation's rows in a file: exporting, restoring, cloning.
//!
//! An archive holds no organisation's identifier in its rows: each gets that of whom they are restored for, so no archive, whoever
//! made it, writes rows of another.
//!
//! ```no_run
//! use tenant_core::Registry;
//! use tenant_migration::TenantMigrator;
//! use tenant_migration::archive::{Archive, Export, NewTenant, Restoration, RestoreAs};
//! use tenant_migration::catalog::{CatalogEditor, DeployUrls};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let migrator = TenantMigrator::new(&Registry::collect()?)?;
//! let urls = DeployUrls::from_environment();
//! let url = "postgres://deploy@db.example/meta".parse()?;
//! let export = Export::begin(&migrator, CatalogEditor::connect(&url).await?, &urls, &"Acme".parse()?, &[]).await?;
//! export.run("acme.archive".as_ref(), None).await?;
//!
//! let archive = Archive::open("acme.archive".as_ref(), None).await?;
//! let copy = NewTenant { id: None, name: "Acme, restored".to_owned(), placement: "eu_1".parse()? };
//! let catalog = CatalogEditor::connect(&url).await?;
//! let organization = Restoration::begin(&migrator, catalog, &urls, archive, RestoreAs::New(copy)).await?.run().await?;
//! println!("{}", organization.id);
//! # Ok(())
//! # }
//! ```
//!
//! # The file
//!
//! The line `tenancy archive 1`, then a stream of zstd. In it are frames: a letter, a length in four bytes (the highest first), and as
//! many bytes. `H`, the first, says what is in it, in JSON; `T` begins a table, with its number in `H` in four bytes; `R` is a piece of
//! what COPY printed of it; `E`, at the end, says what each table's rows come to, in JSON; and `D` is the SHA-256 of all before it.
//! Encrypted, all of that is in a file of the format [age](https://age-encryption.org/v1).

mod destination;
mod encryption;
mod error;
mod event;
mod export;
mod fault;
mod frame;
mod head;
mod load;
mod mask;
mod opened;
mod outlet;
mod reader;
mod restoration;
mod tenant_clone;
mod writer;

pub use crate::transfer::tally::Tally;
pub use destination::{NewTenant, RestoreAs};
pub use encryption::{Decryption, Encryption};
pub use error::ArchiveError;
pub use event::{ArchiveEvent, ArchiveObserver};
pub use export::Export;
pub use fault::ArchiveFault;
pub use head::{ArchivedTable, Summary};
pub use mask::{Mask, MaskError};
pub use opened::Archive;
pub use restoration::Restoration;
pub use tenant_clone::TenantClone;
