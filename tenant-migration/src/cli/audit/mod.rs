//! `migrate audit`: the access log.

mod retain;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::connection::{Target, connect};
use super::error::CliError;
use crate::migrator::TenantMigrator;
use retain::{RetainArguments, retain};

/// What `audit` is told.
#[derive(Debug, Args)]
pub(super) struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Make the months ahead that are missing, and drop those that are over for long enough
    Retain(RetainArguments),
}

pub(super) async fn audit(
    migrator: &TenantMigrator,
    how: &AuditArguments,
    target: Target<'_>,
    schema: &str,
) -> Result<ExitCode, CliError> {
    let db = connect(target, schema).await?;
    match &how.command {
        AuditCommand::Retain(how) => retain(migrator, how, &db).await?,
    }
    db.close().await?;
    Ok(ExitCode::SUCCESS)
}
