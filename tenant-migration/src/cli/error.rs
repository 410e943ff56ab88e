//! Why a command failed, in words that say what to do. None of them contains a password.

use std::path::PathBuf;
use std::process::ExitCode;

use sea_orm::DbErr;

use crate::error::{describe, describe_sqlx};

#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("no database: give its URL with -u postgres://USER:PASSWORD@HOST/DATABASE or in DATABASE_URL")]
    NoUrl,
    #[error(
        "the database URL is not one of PostgreSQL{}: it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE, with \
         special characters percent-encoded", .reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
    )]
    NotAUrl { reason: Option<String> },
    #[error("{place} does not answer: {reason}; see that the server runs there and accepts connections (`pg_isready`)")]
    Unreachable { place: String, reason: String },
    #[error(
        "{place} refused `{user}`: {reason}; check the user and the password in the URL, and the server's pg_hba.conf"
    )]
    Refused { place: String, user: String, reason: String },
    #[error("{place} has no such database: {reason}; create it first (`createdb`)")]
    NoDatabase { place: String, reason: String },
    #[error("could not connect to {place}: {}", describe_sqlx(.source))]
    Connection { place: String, source: sqlx::Error },
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
    Verify { place: String, reason: String },
    #[error("{}", describe(.0))]
    Database(#[from] DbErr),
}

impl CliError {
    /// 2 where the arguments are at fault, as clap has it; else 1.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::BaselineFile { .. } | Self::NoScope => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
