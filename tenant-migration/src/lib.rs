//! Tenant schema for PostgreSQL: the deploy path.
//!
//! From the descriptions of a program's tables ([`Registry`](tenant_core::Registry)) follow the tables themselves, with
//! keys led by the tenant column, foreign keys that can't cross tenants, row-level security, roles and grants. A
//! [`TenantMigrator`] makes them and takes them back with SeaORM's commands; [`cli::run`] is the deploy binary:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use tenant_core::Registry;
//! use tenant_migration::{TenantMigrator, cli};
//!
//! # async fn deploy() -> ExitCode {
//! cli::run(|| Ok(TenantMigrator::new(&Registry::collect()?)?)).await
//! # }
//! ```
//!
//! `migrate plan` prints all of it as SQL and runs nothing; `migrate verify` looks at a live database for what is wrong.
//!
//! | Layer | Modules |
//! |---|---|
//! | values that print themselves as SQL | `ident`, `name`, `schema`, `role`, `tenancy` |
//! | steps, and migrations of steps | `step`, `plan` |
//! | running them | `operator`, `session`, `apply`, `migrator`, `cli` |
//! | looking at a live database | [`verify`] |
//! | many databases | `database_url`, [`fleet`] |

mod apply;
pub mod cli;
mod database_url;
mod error;
pub mod fleet;
mod ident;
mod migrator;
mod name;
mod operator;
mod plan;
mod problem;
mod role;
mod role_names;
mod schema;
mod session;
mod step;
mod template;
mod tenancy;
pub mod verify;

pub use database_url::{DatabaseUrl, DatabaseUrlError, Place};
pub use error::MigrationError;
pub use ident::{Ident, IdentError};
pub use migrator::{ApplicationMigrations, TenantMigrator, TenantMigratorBuilder};
pub use plan::{Migration, Plan};
pub use problem::{ColumnFault, ForeignKeyFault, PlanError, PlanProblem};
pub use role_names::{RoleNameError, RoleNames};
pub use step::{Actor, Step};
