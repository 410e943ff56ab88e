//! `migrate tenant export`, `restore` and `clone`.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use indicatif::{HumanBytes, HumanDuration, ProgressBar};
use secrecy::SecretString;
use serde_json::json;
use tenant_core::{PlacementName, TenantId, Transport};

use super::arguments::Format;
use super::listing::show;
use crate::archive::{
    Archive, ArchiveError, ArchiveEvent, ArchiveFault, ArchiveObserver, Decryption, Encryption, Export, Mask,
    NewTenant, Restoration, RestoreAs, Summary, TenantClone,
};
use crate::catalog::{CatalogEditor, DeployUrls, OrganizationRecord, TenantName};
use crate::cli::error::CliError;
use crate::cli::run::print;
use crate::migrator::TenantMigrator;
use crate::secret_file::{self, SecretFileFault};

/// The variable that holds a passphrase.
const VARIABLE: &str = "TENANT_ARCHIVE_PASSPHRASE";

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// Its identifier or name
    tenant: TenantName,

    /// The new file
    file: PathBuf,

    #[command(flatten)]
    masks: Masks,

    /// Encrypt it for whoever has the identity of this recipient, `age1…`; several may be given. Without it, a passphrase encrypts it
    #[arg(long = "recipient", value_name = "RECIPIENT", conflicts_with = "passphrase_file")]
    recipients: Vec<String>,

    #[command(flatten)]
    passphrase: Passphrase,

    /// How it is printed; as JSON, a line for each event
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    #[command(flatten)]
    archive: ArchiveFile,

    /// Make a new organisation of this name with the rows; without it they are for the organisation whose they were, which is suspended or
    /// isn't in the catalog
    #[arg(long = "as", value_name = "NAME", requires = "to")]
    name: Option<String>,

    /// The new organisation's identifier; a new one if not said
    #[arg(long, value_name = "UUID", requires = "name")]
    id: Option<TenantId>,

    /// The placement that it is to live in, if the catalog doesn't have it
    #[arg(long, value_name = "PLACEMENT")]
    to: Option<PlacementName>,

    /// Replace the rows that the organisation has now; its name once more
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    replace: Option<String>,

    /// How it is printed; as JSON, a line for each event
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
pub(super) struct CheckArchiveArguments {
    #[command(flatten)]
    archive: ArchiveFile,
}

#[derive(Debug, Args)]
pub(super) struct CloneArguments {
    /// The identifier or name of the one whose rows are copied
    tenant: TenantName,

    /// The clone's name
    #[arg(long = "as", value_name = "NAME")]
    name: String,

    /// The clone's identifier; a new one if not said
    #[arg(long, value_name = "UUID")]
    id: Option<TenantId>,

    /// The placement that the clone is to live in
    #[arg(long, value_name = "PLACEMENT")]
    to: PlacementName,

    #[command(flatten)]
    masks: Masks,

    /// How it is printed; as JSON, a line for each event
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct Masks {
    /// Have a column hold what an expression of SQL makes of its row instead, TABLE.COLUMN=EXPRESSION; several may be given
    #[arg(long = "mask", value_name = "MASK")]
    masks: Vec<Mask>,
}

#[derive(Debug, Args)]
struct Passphrase {
    /// A file with the passphrase, which only its owner may read; else it is in TENANT_ARCHIVE_PASSPHRASE
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// A file, and what opens it.
#[derive(Debug, Args)]
struct ArchiveFile {
    /// A file that `export` wrote
    file: PathBuf,

    /// A file with the identity of a recipient, as `age-keygen` writes it, which only its owner may read
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    identity: Option<PathBuf>,

    #[command(flatten)]
    passphrase: Passphrase,
}

impl Passphrase {
    fn read(&self) -> Result<Option<SecretString>, CliError> {
        match &self.passphrase_file {
            Some(file) => secret(file).map(Some),
            None => Ok(std::env::var(VARIABLE).ok().filter(|text| !text.is_empty()).map(SecretString::from)),
        }
    }
}

impl ArchiveFile {
    async fn open(&self) -> Result<Archive, CliError> {
        let faulty = |source| ArchiveError::File { file: self.file.clone(), source };
        let key = match &self.identity {
            Some(file) => Some(Decryption::identities(secret(file)?).map_err(faulty)?),
            None => self.passphrase.read()?.map(Decryption::passphrase).transpose().map_err(faulty)?,
        };
        Ok(Archive::open(&self.file, key).await?)
    }
}

fn secret(file: &Path) -> Result<SecretString, CliError> {
    let read = secret_file::read(file).map_err(|fault| match fault {
        SecretFileFault::Unreadable(error) => error,
        SecretFileFault::Open { mode } => {
            io::Error::other(format!("others than its owner may use it (mode {mode:o}): chmod 600"))
        }
    });
    let failed = |error| ArchiveError::File { file: file.to_owned(), source: ArchiveFault::File(error) };
    Ok(read.map_err(failed)?)
}

/// Writes the file.
pub(super) async fn export(
    migrator: &TenantMigrator,
    catalog: CatalogEditor,
    how: &ExportArguments,
    transport: Transport,
) -> Result<ExitCode, CliError> {
    let urls = DeployUrls::from_environment().over(transport);
    let faulty = |source| ArchiveError::File { file: how.file.clone(), source };
    let encryption = match (&how.recipients[..], how.passphrase.read()?) {
        ([], None) => None,
        ([], Some(passphrase)) => Some(Encryption::passphrase(passphrase).map_err(faulty)?),
        (recipients, _) => Some(Encryption::recipients(recipients).map_err(faulty)?),
    };
    let is_encrypted = if encryption.is_some() { "encrypted" } else { "not encrypted" };
    let export = Export::begin(migrator, catalog, &urls, &how.tenant, &how.masks.masks).await?;
    let summary = export.observer(teller(how.format)).run(&how.file, encryption).await?;
    match how.format {
        Format::Json => print(&format!("{}\n", json!({"event": "exported", "archive": summary}))),
        Format::Text => eprintln!("{} has {}; it is {is_encrypted}", how.file.display(), contents(&summary)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the file, and prints what it has.
pub(super) async fn check_archive(how: &CheckArchiveArguments) -> Result<ExitCode, CliError> {
    let summary = how.archive.open().await?.summary();
    print(&format!("{:#}\n", json!(summary)));
    Ok(ExitCode::SUCCESS)
}

/// Reads the file, and writes what it has to a placement.
pub(super) async fn restore(
    migrator: &TenantMigrator,
    catalog: CatalogEditor,
    how: &RestoreArguments,
    transport: Transport,
) -> Result<ExitCode, CliError> {
    let urls = DeployUrls::from_environment().over(transport);
    let wanted = match (&how.name, &how.to) {
        (Some(name), Some(to)) => RestoreAs::New(NewTenant { id: how.id, name: name.clone(), placement: to.clone() }),
        _ => RestoreAs::Itself { placement: how.to.clone(), replace: how.replace.clone() },
    };
    let archive = how.archive.open().await?;
    if matches!(how.format, Format::Text) {
        eprintln!("{} is whole, and has {}", how.archive.file.display(), contents(&archive.summary()));
    }
    let restoration = Restoration::begin(migrator, catalog, &urls, archive, wanted).await?;
    ended(&restoration.observer(teller(how.format)).run().await?, "restored", how.format);
    Ok(ExitCode::SUCCESS)
}

/// Makes an organisation with the rows of another.
pub(super) async fn clone(
    migrator: &TenantMigrator,
    catalog: CatalogEditor,
    how: &CloneArguments,
    transport: Transport,
) -> Result<ExitCode, CliError> {
    let urls = DeployUrls::from_environment().over(transport);
    let wanted = NewTenant { id: how.id, name: how.name.clone(), placement: how.to.clone() };
    let clone = TenantClone::begin(migrator, catalog, &urls, &how.tenant, &how.masks.masks, wanted).await?;
    ended(&clone.observer(teller(how.format)).run().await?, "cloned", how.format);
    Ok(ExitCode::SUCCESS)
}

fn ended(organization: &OrganizationRecord, event: &str, format: Format) {
    match format {
        Format::Json => {
            let (id, status) = (organization.id, organization.status.as_str());
            let (name, placement) = (&organization.name, organization.placement.as_str());
            let line =
                json!({"event": event, "organization": id, "name": name, "placement": placement, "status": status});
            print(&format!("{line}\n"));
        }
        Format::Text => show(organization, format),
    }
}

fn contents(summary: &Summary) -> String {
    let (rows, tables, bytes) = (summary.rows(), summary.tables.len(), HumanBytes(summary.bytes()));
    format!("{rows} rows of {tables} tables of \"{}\" ({bytes}), as they were at {}", summary.name, summary.exported_at)
}

fn teller(format: Format) -> Arc<dyn ArchiveObserver> {
    match format {
        Format::Json => Arc::new(JsonLines),
        Format::Text => Arc::new(Progress::default()),
    }
}

/// A line of JSON on stdout for each event.
#[derive(Debug)]
struct JsonLines;

impl ArchiveObserver for JsonLines {
    fn notice(&self, event: &ArchiveEvent) {
        if let Ok(line) = serde_json::to_string(event) {
            print(&format!("{line}\n"));
        }
    }
}

/// A line on stderr for each table; what is being copied is shown as it comes where somebody looks.
#[derive(Debug, Default)]
struct Progress {
    bar: Mutex<Option<ProgressBar>>,
}

impl ArchiveObserver for Progress {
    fn notice(&self, event: &ArchiveEvent) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            ArchiveEvent::Copying { table, rows, expected, rate, left_s, .. } => {
                if io::stderr().is_terminal() {
                    let bar = bar.get_or_insert_with(ProgressBar::no_length);
                    bar.set_length((*expected).max(*rows));
                    bar.set_position(*rows);
                    let left = left_s.map(|left| format!(", {} left", HumanDuration(Duration::from_secs(left))));
                    bar.set_message(format!("{table}: {} a second{}", HumanBytes(*rate), left.unwrap_or_default()));
                }
                return;
            }
            ArchiveEvent::Copied { table, rows, bytes, rate } => {
                format!("  {table}: {rows} rows, {}, {} a second", HumanBytes(*bytes), HumanBytes(*rate))
            }
            ArchiveEvent::Removed { table, rows } => format!("  {table}: {rows} rows removed"),
            ArchiveEvent::Compared { tables, rows } => {
                format!("  {rows} rows of {tables} tables were read again, and are what was sent")
            }
        };
        if let Some(bar) = bar.take() {
            bar.finish_and_clear();
        }
        eprintln!("{line}");
    }
}
