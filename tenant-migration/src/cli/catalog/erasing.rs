//! `migrate tenant erase`: an organisation goes for good.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tenant_core::Transport;

use super::arguments::Format;
use crate::catalog::{CatalogEditor, DeployUrls, TenantName};
use crate::cli::audit::keys::{SecretKey, VerifyingKeys};
use crate::cli::error::CliError;
use crate::cli::run::print;
use crate::erasure::{ErasureEvent, ErasureObserver, SignedErasure, TenantErasure, TenantErasureError};
use crate::migrator::TenantMigrator;

#[derive(Debug, Args)]
pub(super) struct EraseArguments {
    /// Its identifier or name
    tenant: TenantName,

    /// Its name once more
    #[arg(long, value_name = "NAME")]
    confirm: String,

    /// Why; the report and the access log keep it
    #[arg(long, value_name = "TEXT")]
    reason: String,

    /// The file for the signed report, which is new or empty
    #[arg(long, value_name = "FILE")]
    report: PathBuf,

    #[command(flatten)]
    key: SecretKey,

    /// How it is printed; as JSON, a line for each event
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// A file that `erase` wrote
    file: PathBuf,

    #[command(flatten)]
    keys: VerifyingKeys,
}

/// Prints the report, if it is as it was signed.
pub(super) fn check(how: &CheckArguments) -> Result<ExitCode, CliError> {
    let failed = |reason: String| TenantErasureError::Report(format!("{}: {reason}", how.file.display()));
    let keys = how.keys.read()?;
    let text = std::fs::read_to_string(&how.file).map_err(|error| failed(error.to_string()))?;
    let signed: SignedErasure = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    let report = serde_json::to_string_pretty(&signed.check(&keys)?).map_err(|error| failed(error.to_string()))?;
    print(&format!("{report}\n"));
    Ok(ExitCode::SUCCESS)
}

/// Erases, and writes the report.
pub(super) async fn erase(
    migrator: &TenantMigrator,
    catalog: CatalogEditor,
    how: &EraseArguments,
    transport: Transport,
) -> Result<ExitCode, CliError> {
    let failed = |error: std::io::Error| TenantErasureError::Report(format!("{}: {error}", how.report.display()));
    let urls = DeployUrls::from_environment().over(transport);
    // What would keep the report from being signed or written is to be known before anything is removed.
    let key = how.key.read()?;
    let erasure = TenantErasure::begin(migrator, catalog, &urls, &how.tenant, &how.confirm, &how.reason).await?;
    // One of a run that was cut short is empty.
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&how.report).map_err(failed)?;
    if file.metadata().map_err(failed)?.len() > 0 {
        return Err(failed(std::io::ErrorKind::AlreadyExists.into()).into());
    }
    let teller: Arc<dyn ErasureObserver> = match how.format {
        Format::Json => Arc::new(JsonLines),
        Format::Text => Arc::new(Lines),
    };
    let report = erasure.observer(teller).run().await?;
    let signed = serde_json::to_string(&report.sign(&key)?).map_err(std::io::Error::from).map_err(failed)?;
    writeln!(file, "{signed}").and_then(|()| file.sync_all()).map_err(failed)?;
    let values: i64 = report.placements.iter().map(|placement| placement.values).sum();
    eprintln!(
        "{} rows in {} placements and the values of {values} log entries are gone; {} says so",
        report.rows(),
        report.placements.len(),
        how.report.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// A line of JSON on stdout for each event.
#[derive(Debug)]
struct JsonLines;

impl ErasureObserver for JsonLines {
    fn notice(&self, event: &ErasureEvent) {
        if let Ok(line) = serde_json::to_string(event) {
            print(&format!("{line}\n"));
        }
    }
}

/// A line on stderr for each table that had rows.
#[derive(Debug)]
struct Lines;

impl ErasureObserver for Lines {
    fn notice(&self, event: &ErasureEvent) {
        match event {
            ErasureEvent::Begun { placements } => {
                eprintln!("nothing is in the way; its rows are removed from {placements} placements")
            }
            ErasureEvent::Removing { placement, table, rows } => {
                eprintln!("  {placement}: {table}: {rows} rows so far")
            }
            ErasureEvent::Removed { rows: 0, .. } | ErasureEvent::ValuesRemoved { entries: 0, .. } => {}
            ErasureEvent::Removed { placement, table, rows } => {
                eprintln!("  {placement}: {table}: {rows} rows removed")
            }
            ErasureEvent::ValuesRemoved { placement, entries } => {
                eprintln!("  {placement}: the values of {entries} entries of the access log removed")
            }
        }
    }
}
