//! `migrate verify`: looks at a live database for what would let one tenant reach another's rows, or make one slow.
//!
//! A [`Lint`] is one thing that is looked for, a [`Finding`] one place where it is. The [`Verifier`] asks all of them in one
//! read-only transaction, of the tables that a registry describes or of any database ([`Scope`]), and gathers a [`Report`].
//!
//! ```no_run
//! use sqlx::{Connection, PgConnection};
//! use tenant_core::Registry;
//! use tenant_migration::RoleNames;
//! use tenant_migration::verify::{Scope, Verifier};
//!
//! # async fn check() -> Result<(), Box<dyn std::error::Error>> {
//! let mut connection = PgConnection::connect("postgres://localhost/app").await?;
//! let scope = Scope::of_registry(&Registry::collect()?, &RoleNames::default());
//! let report = Verifier::new(scope).run(&mut connection).await?;
//! assert!(!report.fails(), "{report}");
//! # Ok(())
//! # }
//! ```

mod baseline;
mod catalogue;
mod described;
mod finding;
mod json;
mod lint;
mod lints;
mod report;
mod sarif;
mod scope;
mod server_version;
mod text;
mod verifier;

pub use baseline::{Baseline, BaselineError};
pub use catalogue::Catalogue;
pub use finding::Finding;
pub use lint::{Lint, Severity, Topic};
pub use lints::lints;
pub use report::{Counts, Report};
pub use scope::Scope;
pub use server_version::mended_release;
pub use verifier::Verifier;
