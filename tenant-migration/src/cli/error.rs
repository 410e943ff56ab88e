//! Why a command failed, in words that say what to do. None of them contains a password.

use std::path::PathBuf;
use std::process::ExitCode;

use sea_orm::DbErr;
use tenant_core::TransportError;

use crate::database_url::{DatabaseUrlError, Place};
use crate::error::{describe, describe_sqlx};
use crate::fleet::{FleetError, SelectionError};

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("no database: give its URL with -u postgres://USER:PASSWORD@HOST/DATABASE or in DATABASE_URL")]
    NoUrl,
    #[error(transparent)]
    Url(#[from] DatabaseUrlError),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("{place} does not answer: {reason}; see that the server runs there and accepts connections (`pg_isready`)")]
    Unreachable { place: Place, reason: String },
    #[error(
        "{place} refused `{user}`: {reason}; check the user and the password in the URL, and the server's pg_hba.conf"
    )]
    Refused { place: Place, user: String, reason: String },
    #[error("{place} has no such database: {reason}; create it first (`createdb`)")]
    NoDatabase { place: Place, reason: String },
    #[error("could not connect to {place}: {}", describe_sqlx(.source))]
    Connection { place: Place, source: sqlx::Error },
    #[error("the database has no schema \"{schema}\": create it (`CREATE SCHEMA`), or name another with -s")]
    NoSchema { schema: String },
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
    Fleet(#[from] FleetError),
    #[error(transparent)]
    FleetSelection(#[from] SelectionError),
    #[error("{} can't be used: {reason}", .file.display())]
    FleetFile { file: PathBuf, reason: String },
    #[error("the report {} could not be brought up to date: {reason}; the list above is", .file.display())]
    FleetReport { file: PathBuf, reason: String },
    #[error("{place} of `{name}` is the same database as `{other}`: take one of the two names out of the list")]
    SameDatabase { place: Place, name: String, other: String },
    #[error("{}", describe(.0))]
    Database(#[from] DbErr),
}

impl CliError {
    /// 2 where the arguments are at fault, as clap has it; else 1.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::BaselineFile { .. }
            | Self::NoScope
            | Self::Fleet(_)
            | Self::FleetSelection(_)
            | Self::FleetFile { .. } => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
