//! `migrate audit verify`: of a database, or of an export.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::json;
use sqlx::Connection;
use tenant_core::TenantId;

use super::keys::VerifyingKeys;
use crate::audit::{Anchor, AuditError, Verification, check_export};
use crate::cli::connection::{self, Target};
use crate::cli::error::CliError;
use crate::cli::run::print;

/// What `audit verify` is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct AuditVerifyArguments {
    /// Only the entries of this organisation
    #[arg(long, value_name = "UUID")]
    tenant: Option<TenantId>,

    /// Compare the seals with this file too, so that a cut end is found
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,

    /// Check this export instead, without a database
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tenant", "anchor"])]
    export: Option<PathBuf>,

    #[command(flatten)]
    keys: VerifyingKeys,

    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Prints what was found: 1 where something is not as it was sealed, 2 where that can't be said.
pub(super) async fn verify(arguments: &AuditVerifyArguments, target: Target<'_>) -> ExitCode {
    let is_clean = match &arguments.export {
        Some(file) => export(arguments, file),
        None => database(arguments, target).await,
    };
    match is_clean {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

async fn database(arguments: &AuditVerifyArguments, target: Target<'_>) -> Result<bool, CliError> {
    let mut verification = Verification::new(arguments.keys.read()?);
    if let Some(tenant) = arguments.tenant {
        verification = verification.tenant(tenant);
    }
    if let Some(file) = &arguments.anchor {
        verification = verification.anchor(Anchor::at(file));
    }
    let (mut connection, _) = connection::look(target).await?;
    let report = verification.run(&mut connection).await?;
    // It only read.
    drop(connection.close().await);
    print(&match arguments.format {
        Format::Text => report.to_string(),
        Format::Json => format!("{:#}\n", report.to_json()),
    });
    Ok(report.is_clean())
}

fn export(arguments: &AuditVerifyArguments, file: &std::path::Path) -> Result<bool, CliError> {
    let (text, json, is_whole) = match check_export(file, &arguments.keys.read()?) {
        Ok(report) => (report.to_string(), report.to_json(), true),
        Err(error @ AuditError::ExportLine { .. }) => {
            let text = error.to_string();
            (format!("{text}\n"), json!({ "clean": false, "findings": [{ "detail": text }] }), false)
        }
        Err(error) => return Err(error.into()),
    };
    print(&match arguments.format {
        Format::Text => text,
        Format::Json => format!("{json:#}\n"),
    });
    Ok(is_whole)
}
