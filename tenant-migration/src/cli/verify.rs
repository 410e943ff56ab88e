//! `migrate verify`: from arguments to a report and an exit code.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use sqlx::{Connection, PgConnection};

use super::connection::{self, Target};
use super::error::CliError;
use super::fleet::{self, FleetArguments};
use crate::database_url::Place;
use crate::error::describe_sqlx;
use crate::ident::Ident;
use crate::migrator::TenantMigrator;
use crate::role_names::RoleNames;
use crate::verify::{Baseline, Catalogue, Report, Scope, Verifier};

/// What `verify` is told.
#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Look at any database: every table with a column of this name belongs to tenants. Without it: what the registry says
    #[arg(long, value_name = "NAME", value_parser = ident, requires = "app_role")]
    tenant_column: Option<Ident>,

    /// The role that the application connects as
    #[arg(long, value_name = "ROLE", value_parser = ident, requires = "tenant_column")]
    app_role: Option<Ident>,

    /// The role that works across tenants, if there is one: others that do are then named
    #[arg(long, value_name = "ROLE", value_parser = ident, requires = "tenant_column")]
    admin_role: Option<Ident>,

    /// How the findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with = "list")]
    format: Format,

    /// A file of findings that are accepted: a lint's id and an object a line
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write all that is found to this file, as a baseline
    #[arg(long, value_name = "FILE", conflicts_with = "list")]
    write_baseline: Option<PathBuf>,

    /// Print what is looked for and why, as Markdown, without a database
    #[arg(long, conflicts_with = "list")]
    list_lints: bool,

    #[command(flatten)]
    pub(super) fleet: FleetArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
}

fn ident(name: &str) -> Result<Ident, String> {
    Ident::new(name).map_err(|error| error.to_string())
}

impl VerifyArguments {
    /// Whether the registry has a say.
    pub(super) const fn asks_registry(&self) -> bool {
        self.tenant_column.is_none() && !self.list_lints
    }

    /// What the arguments name; nothing where the registry says it.
    fn scope(&self) -> Option<Scope> {
        let scope = Scope::with_column(self.tenant_column.as_ref()?, self.app_role.as_ref()?);
        Some(match &self.admin_role {
            Some(admin) => scope.admin(admin),
            None => scope,
        })
    }
}

/// Looks, prints, and says whether there are errors that aren't accepted.
pub(super) async fn verify(
    arguments: &VerifyArguments,
    target: Target<'_>,
    registered: Option<&TenantMigrator>,
) -> Result<ExitCode, CliError> {
    if arguments.list_lints {
        print(&Catalogue.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let inspection = Inspection::new(arguments, registered)?;
    if arguments.fleet.are_given() {
        return fleet::verify(&inspection, &arguments.fleet).await;
    }
    let (connection, place) = connection::look(target).await?;
    let report = inspection.of(connection, &place).await?;
    if let Some(file) = &arguments.write_baseline {
        std::fs::write(file, Baseline::of(&report).to_string())
            .map_err(|source| CliError::BaselineFile { file: file.clone(), reason: source.to_string() })?;
    }
    print(&rendered(&report, arguments.format));
    Ok(if report.fails() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What is looked for, and what of it is accepted.
pub(super) struct Inspection<'a> {
    verifier: Verifier,
    baseline: Option<Baseline>,
    /// Who knows what the registry says, where it has a say.
    migrator: Option<&'a TenantMigrator>,
}

impl<'a> Inspection<'a> {
    fn new(arguments: &VerifyArguments, registered: Option<&'a TenantMigrator>) -> Result<Self, CliError> {
        let baseline = arguments.baseline.as_deref().map(read_baseline).transpose()?;
        let (named, migrator) = (arguments.scope(), registered.filter(|_| arguments.asks_registry()));
        let scope = named.or_else(|| migrator.map(|migrator| migrator.scope().clone())).ok_or(CliError::NoScope)?;
        Ok(Self { verifier: Verifier::new(scope), baseline, migrator })
    }

    /// The same where other roles serve the tenants, unless the arguments name them.
    pub(super) fn for_roles(&self, roles: Option<&RoleNames>) -> Result<Self, CliError> {
        let verifier = match (self.migrator, roles) {
            (Some(migrator), Some(roles)) => Verifier::new(migrator.with_roles(roles.clone())?.scope().clone()),
            _ => self.verifier.clone(),
        };
        Ok(Self { verifier, baseline: self.baseline.clone(), migrator: self.migrator })
    }

    /// Of one database.
    pub(super) async fn of(&self, mut connection: PgConnection, place: &Place) -> Result<Report, CliError> {
        let report = self.verifier.run(&mut connection).await;
        let report =
            report.map_err(|source| CliError::Verify { place: place.clone(), reason: describe_sqlx(&source) })?;
        // All that was wanted has been done.
        drop(connection.close().await);
        Ok(match &self.baseline {
            Some(baseline) => report.accept(baseline),
            None => report,
        })
    }
}

/// The findings that a file accepts.
pub(super) fn read_baseline(file: &Path) -> Result<Baseline, CliError> {
    let bad = |reason| CliError::BaselineFile { file: file.to_owned(), reason };
    let text = std::fs::read_to_string(file).map_err(|source| bad(source.to_string()))?;
    text.parse().map_err(|source: crate::verify::BaselineError| bad(source.to_string()))
}

fn rendered(report: &Report, format: Format) -> String {
    match format {
        Format::Text => report.to_string(),
        Format::Json => format!("{:#}\n", report.to_json()),
        Format::Sarif => format!("{:#}\n", report.to_sarif()),
    }
}

/// A reader that has seen enough (`| head`) is no failure.
fn print(text: &str) {
    let _ = write!(std::io::stdout(), "{text}");
}
