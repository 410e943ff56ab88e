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
//! | what a database is to be: values that print themselves as SQL | `ident`, `name`, `schema`, `role`, `tenancy`, `desired` |
//! | what it is | `live`, `shadow`, `foundation`, `known` |
//! | the access log | `access_log` |
//! | what differs, as changes that can be taken back | `diff`, `conflict`, `step`, `change`, `script`, `plan`, `reconcile` |
//! | an existing database, step by step to the same | `adopt` |
//! | the same for another server, and what each server has for it | `engine`, [`portability`] |
//! | making them | `operator`, `session`, `advisory_lock`, `deploy`, `executor`, `contention`, `patience`, `journal`, `posture`, `application`, `migrator`, `bring_up`, `take_down`, `cli` |
//! | saying how it goes on | `progress`, `watch` |
//! | looking at a live database for what is wrong | [`verify`] |
//! | what shows that nobody changed the access log | [`audit`] |
//! | many databases | `database_url`, `reach`, [`fleet`] |
//! | who lives where | [`catalog`], [`provision`], [`relocation`], [`archive`], [`erasure`] |

mod access_log;
mod adopt;
mod advisory_lock;
mod application;
pub mod archive;
pub mod audit;
mod bring_up;
pub mod catalog;
mod change;
pub mod cli;
mod conflict;
mod contention;
mod database_url;
mod deploy;
mod desired;
mod diff;
mod engine;
pub mod erasure;
mod error;
mod executor;
mod fence;
pub mod fleet;
mod foundation;
mod holdings;
mod ident;
mod journal;
mod known;
mod live;
mod migrator;
mod migrator_builder;
mod name;
mod operator;
mod patience;
mod plan;
pub mod portability;
mod posture;
mod problem;
mod progress;
pub mod provision;
mod reach;
mod reconcile;
mod records;
pub mod relocation;
mod replication;
mod role;
mod role_names;
mod schema;
mod script;
mod secret_file;
mod session;
mod shadow;
mod site;
mod step;
mod take_down;
mod taken;
mod template;
mod tenancy;
mod transfer;
pub mod verify;
mod views;
mod watch;

pub use access_log::{AuditFailures, RetentionError, RetentionPlan, RetentionPolicy};
pub use adopt::{Adoption, AdoptionPlan, AdoptionProblem, AdoptionProblems};
pub use change::Change;
pub use conflict::{Conflict, Conflicts};
pub use database_url::{DatabaseUrl, DatabaseUrlError, Place};
pub use engine::{CitusPlan, Engine};
pub use error::MigrationError;
pub use ident::{Ident, IdentError};
pub use migrator::{ApplicationMigrations, TenantMigrator};
pub use migrator_builder::TenantMigratorBuilder;
pub use patience::Patience;
pub use plan::Plan;
pub use problem::{ColumnFault, ForeignKeyFault, PlanError, PlanProblem};
pub use progress::{Event, Observer};
pub use reach::ReachError;
pub use role_names::{RoleNameError, RoleNames};
pub use step::{Actor, Lock, LockMode, Step};
