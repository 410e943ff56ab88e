//! Tenant schema for PostgreSQL: the deploy path.

mod apply;
pub mod cli;
mod error;
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

pub use error::MigrationError;
pub use ident::{Ident, IdentError};
pub use migrator::{ApplicationMigrations, TenantMigrator, TenantMigratorBuilder};
pub use plan::{Migration, Plan};
pub use problem::{ColumnFault, ForeignKeyFault, PlanError, PlanProblem};
pub use role_names::{RoleNameError, RoleNames};
pub use step::{Actor, Step};
