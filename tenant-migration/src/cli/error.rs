//! Why a command failed, in words that say what to do. None of them contains a password.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use sea_orm::DbErr;

use crate::access_log::RetentionError;
use crate::archive::ArchiveError;
use crate::audit::AuditError;
use crate::catalog::{CatalogEditError, CatalogMigrationError, DeployUrlError};
use crate::database_url::{DatabaseUrlError, Place};
use crate::erasure::TenantErasureError;
use crate::error::describe;
use crate::fleet::{FleetError, SelectionError};
use crate::problem::PlanError;
use crate::provision::ProvisionError;
use crate::reach::ReachError;
use crate::relocation::MoveError;
use crate::role_names::RoleNameError;

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("no database: give its URL with -u postgres://USER:PASSWORD@HOST/DATABASE or in DATABASE_URL")]
    NoUrl,
    #[error("no catalog: give the metadata database's URL with --catalog-url or in TENANT_CATALOG_URL")]
    NoCatalogUrl,
    #[error(
        "no server for the new database: name a placement with --server-of, or give a URL with --server or in TENANT_SERVER_URL"
    )]
    NoServer,
    #[error("the catalog has no placements: add them with `migrate placement add`")]
    NoPlacements,
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    #[error(transparent)]
    PlacementUrl(#[from] DeployUrlError),
    #[error(transparent)]
    Catalog(#[from] CatalogMigrationError),
    #[error(transparent)]
    CatalogEdit(#[from] CatalogEditError),
    #[error(transparent)]
    Provision(Box<ProvisionError>),
    #[error(transparent)]
    Move(Box<MoveError>),
    #[error(transparent)]
    Erasure(Box<TenantErasureError>),
    #[error(transparent)]
    Archive(Box<ArchiveError>),
    #[error(transparent)]
    RoleName(#[from] RoleNameError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Retention(#[from] RetentionError),
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error(
        "tenant tables need no migration files: they follow from the entities. For a migration of your own use \
         `sea-orm-cli migrate {command} -d DIRECTORY` and add it with `TenantMigrator::builder(…).application(…)`"
    )]
    NoFiles { command: &'static str },
    #[error("nothing says what belongs to tenants: give --tenant-column and --app-role, or link the entities")]
    NoScope,
    #[error("the baseline {} can't be used: {reason}", .file.display())]
    BaselineFile { file: PathBuf, reason: String },
    #[error("could not look at {place}: {reason}")]
    Verify { place: Place, reason: String },
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("the process can't be told to end: {reason}")]
    Signals { reason: String },
    #[error(transparent)]
    Fleet(#[from] FleetError),
    #[error(transparent)]
    FleetSelection(#[from] SelectionError),
    #[error("{} can't be used: {reason}", .file.display())]
    FleetFile { file: PathBuf, reason: String },
    #[error("the report {} could not be brought up to date: {reason}; the list above is", .file.display())]
    FleetReport { file: PathBuf, reason: String },
    #[error(
        "it took longer than {} s (--time-limit): what was done stays, and a repeat goes on from there; see what the database waits \
         for (pg_stat_activity), or give it more time", .limit.as_secs()
    )]
    TimeLimit { limit: Duration },
    #[error("{place} of `{name}` is the same database as `{other}`: take one of the two names out of the list")]
    SameDatabase { place: Place, name: String, other: String },
    #[error("{}", describe(.0))]
    Database(#[from] DbErr),
}

impl From<ProvisionError> for CliError {
    fn from(error: ProvisionError) -> Self {
        Self::Provision(Box::new(error))
    }
}

impl From<MoveError> for CliError {
    fn from(error: MoveError) -> Self {
        Self::Move(Box::new(error))
    }
}

impl From<TenantErasureError> for CliError {
    fn from(error: TenantErasureError) -> Self {
        Self::Erasure(Box::new(error))
    }
}

impl From<ArchiveError> for CliError {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(Box::new(error))
    }
}

impl CliError {
    /// 2 where the arguments are at fault, as clap has it; else 1.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::BaselineFile { .. }
            | Self::NoScope
            | Self::NoServer
            | Self::RoleName(_)
            | Self::Fleet(_)
            | Self::FleetSelection(_)
            | Self::FleetFile { .. } => ExitCode::from(2),
            Self::Provision(error) if matches!(**error, ProvisionError::DatabaseName(_)) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
