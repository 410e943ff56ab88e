//! `migrate audit`: what shows that nobody changed the access log.

mod erase;
mod export;
mod keygen;
mod keys;
mod seal;
mod verify;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::connection::Target;
use super::error::CliError;
use erase::{EraseArguments, erase};
use export::{ExportArguments, export};
use keygen::keygen;
use seal::{SealArguments, seal};
use verify::{AuditVerifyArguments, verify};

/// What `audit` is told.
#[derive(Debug, Args)]
pub(super) struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Make a key to sign with, and print it with its public key
    Keygen,
    /// Number and sign what was written to the access log
    Seal(SealArguments),
    /// Look whether the access log, or an export of it, is as it was sealed; fails if it isn't
    Verify(AuditVerifyArguments),
    /// Write an organisation's entries to a file that proves itself
    Export(ExportArguments),
    /// Erase what an organisation's rows held, and log that
    Erase(EraseArguments),
}

/// Does what `arguments` say.
pub(super) async fn audit(arguments: &AuditArguments, target: Target<'_>) -> Result<ExitCode, CliError> {
    match &arguments.command {
        AuditCommand::Keygen => keygen(),
        AuditCommand::Seal(how) => seal(how, target).await,
        AuditCommand::Verify(how) => Ok(verify(how, target).await),
        AuditCommand::Export(how) => export(how, target).await,
        AuditCommand::Erase(how) => erase(how, target).await,
    }
}
