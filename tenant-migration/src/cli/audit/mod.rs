//! `migrate audit`: how long the access log is kept, and what shows that nobody changed it.

mod erase;
mod export;
mod keygen;
pub(super) mod keys;
mod retain;
mod seal;
mod verify;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::connection::Target;
use super::error::CliError;
use erase::{EraseArguments, erase};
use export::{ExportArguments, export};
use keygen::keygen;
use retain::RetainArguments;
pub(super) use retain::retain;
use seal::{SealArguments, seal};
use verify::{AuditVerifyArguments, verify};

/// What `audit` is told.
#[derive(Debug, Args)]
pub(super) struct AuditArguments {
    #[command(subcommand)]
    pub(super) command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Make the months ahead that are missing, and drop those that are over for long enough
    Retain(RetainArguments),
    #[command(flatten)]
    Proof(ProofCommand),
}

/// What needs no entities.
#[derive(Debug, Subcommand)]
pub(super) enum ProofCommand {
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
pub(super) async fn audit(command: &ProofCommand, target: Target<'_>) -> Result<ExitCode, CliError> {
    match command {
        ProofCommand::Keygen => keygen(),
        ProofCommand::Seal(how) => seal(how, target).await,
        ProofCommand::Verify(how) => Ok(verify(how, target).await),
        ProofCommand::Export(how) => export(how, target).await,
        ProofCommand::Erase(how) => erase(how, target).await,
    }
}
