//! `migrate tenant`: organisations.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use tenant_core::{OrganizationStatus, PlacementName, TenantId, Tier, Transport};

use super::archiving::{CheckArchiveArguments, CloneArguments, ExportArguments, RestoreArguments};
use super::archiving::{check_archive, clone, export, restore};
use super::arguments::{CatalogUrl, Format};
use super::erasing::{CheckArguments, EraseArguments, check, erase};
use super::listing::{list, show};
use super::moving::{MoveArguments, relocate};
use crate::catalog::{CatalogEditor, DeployUrls, TenantName};
use crate::cli::error::CliError;
use crate::cli::verify::read_baseline;
use crate::database_url::DatabaseUrl;
use crate::migrator::TenantMigrator;
use crate::provision::{Home, NewDatabase, ProvisionStep, Provisioning, TenantRequest};

/// What `tenant` is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct TenantArguments {
    #[command(flatten)]
    pub(in crate::cli) url: CatalogUrl,

    #[command(subcommand)]
    command: TenantCommand,
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Make an organisation; the same command again completes one that was cut short
    Create(Box<CreateArguments>),
    /// Take an organisation's access away; its rows stay
    Suspend {
        /// Its identifier or name
        tenant: TenantName,
    },
    /// Give a suspended organisation its access back
    Resume {
        /// Its identifier or name
        tenant: TenantName,
    },
    /// End an organisation that is suspended or was never completed, for good; its rows stay where they are
    Archive {
        /// Its identifier or name
        tenant: TenantName,
    },
    /// Have an organisation live in another placement
    Move(Box<MoveArguments>),
    /// Write what an organisation has to a file
    Export(Box<ExportArguments>),
    /// Write what a file has to a placement; the same command again completes a run that was cut short
    Restore(Box<RestoreArguments>),
    /// Say what a file has, if it is whole and as it was made; no catalog is asked
    CheckArchive(CheckArchiveArguments),
    /// Make an organisation with the rows of another; the same command again completes a run that was cut short
    Clone(Box<CloneArguments>),
    /// Remove all that a suspended or archived organisation has, from every placement, and archive it
    Erase(Box<EraseArguments>),
    /// Check the report of an erasure, and print it; no catalog is asked
    CheckErasure(CheckArguments),
    /// Change what an organisation may take
    SetTier {
        /// Its identifier or name
        tenant: TenantName,
        /// small, medium or large
        tier: Tier,
    },
    /// List all
    List {
        /// Only those of this status
        #[arg(long)]
        status: Option<OrganizationStatus>,
        /// Only those of this placement
        #[arg(long)]
        placement: Option<PlacementName>,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show one
    Show {
        /// Its identifier or name
        tenant: TenantName,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Debug, Args)]
struct CreateArguments {
    /// Its identifier; a new one if not said
    #[arg(long, value_name = "UUID")]
    id: Option<TenantId>,

    /// What people call it
    #[arg(long)]
    name: String,

    /// small, medium or large
    #[arg(long, default_value_t)]
    tier: Tier,

    /// The placement that it lives in; a new one's name with --dedicated
    #[arg(long)]
    placement: PlacementName,

    /// Make a database for it alone
    #[arg(long)]
    dedicated: bool,

    /// Make it on the server of this placement, as the role of its migrator's URL
    #[arg(long, value_name = "PLACEMENT", requires = "dedicated")]
    server_of: Option<PlacementName>,

    // The value is a credential: clap would print it in --help.
    /// Make it on the server of this URL, as a role that may make databases and roles
    #[arg(long, value_name = "URL", env = "TENANT_SERVER_URL", hide_env_values = true)]
    server: Option<String>,

    /// The new database's name; the placement's if not said
    #[arg(long, value_name = "NAME", requires = "dedicated")]
    database: Option<String>,

    /// What the names of the new database's roles begin with; the placement's name if not said
    #[arg(long = "role-prefix", id = "tenant_role_prefix", value_name = "PREFIX", requires = "dedicated")]
    role_prefix: Option<String>,

    /// The new database's collation and character type
    #[arg(long, value_name = "LOCALE", requires = "dedicated")]
    collation: Option<String>,

    /// A file of findings that `verify` may have there
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// How what was made is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl CreateArguments {
    fn home(&self, urls: &DeployUrls, transport: Transport) -> Result<Home, CliError> {
        if !self.dedicated {
            return Ok(Home::Existing);
        }
        let server: DatabaseUrl = match (&self.server_of, self.server.as_deref().filter(|url| !url.is_empty())) {
            (Some(placement), _) => urls.url(placement)?,
            (None, Some(url)) => url.parse::<DatabaseUrl>()?.over(transport),
            (None, None) => return Err(CliError::NoServer),
        };
        let new = NewDatabase::on(server);
        Ok(Home::Dedicated(Box::new(NewDatabase {
            name: self.database.clone(),
            role_prefix: self.role_prefix.clone(),
            collation: self.collation.clone().unwrap_or_else(|| new.collation.clone()),
            ..new
        })))
    }
}

/// Does what `arguments` say.
pub(in crate::cli) async fn tenant(
    migrator: &TenantMigrator,
    arguments: &TenantArguments,
    schema: &str,
) -> Result<ExitCode, CliError> {
    match &arguments.command {
        TenantCommand::CheckErasure(how) => return check(how),
        TenantCommand::CheckArchive(how) => return check_archive(how).await,
        _ => {}
    }
    let url = arguments.url.read()?;
    let mut catalog = CatalogEditor::connect(&url).await?;
    match &arguments.command {
        TenantCommand::Create(how) => return create(migrator, catalog, how, arguments.url.transport, schema).await,
        TenantCommand::Move(how) => return relocate(migrator, catalog, how, arguments.url.transport).await,
        TenantCommand::Erase(how) => return erase(migrator, catalog, how, arguments.url.transport).await,
        TenantCommand::Export(how) => return export(migrator, catalog, how, arguments.url.transport).await,
        TenantCommand::Restore(how) => return restore(migrator, catalog, how, arguments.url.transport).await,
        TenantCommand::Clone(how) => return clone(migrator, catalog, how, arguments.url.transport).await,
        TenantCommand::CheckErasure(_) | TenantCommand::CheckArchive(_) => {}
        TenantCommand::Suspend { tenant } => drop(catalog.suspend(tenant).await?),
        TenantCommand::Resume { tenant } => drop(catalog.resume(tenant).await?),
        TenantCommand::Archive { tenant } => drop(catalog.archive(tenant).await?),
        TenantCommand::SetTier { tenant, tier } => drop(catalog.set_tier(tenant, *tier).await?),
        TenantCommand::List { status, placement, format } => {
            list(&catalog.organizations(*status, placement.as_ref()).await?, *format);
        }
        TenantCommand::Show { tenant, format } => show(&catalog.organization(tenant).await?, *format),
    }
    catalog.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Says each step on stderr, and what was made on stdout.
async fn create(
    migrator: &TenantMigrator,
    catalog: CatalogEditor,
    how: &CreateArguments,
    transport: Transport,
    schema: &str,
) -> Result<ExitCode, CliError> {
    let urls = DeployUrls::from_environment().over(transport);
    let request = TenantRequest {
        id: how.id,
        name: how.name.clone(),
        tier: how.tier,
        placement: how.placement.clone(),
        home: how.home(&urls, transport)?,
    };
    let mut provisioning = Provisioning::new(migrator, catalog, urls, request).schema(schema);
    if let Some(file) = &how.baseline {
        provisioning = provisioning.accept(read_baseline(file)?);
    }
    while let Some(step) = provisioning.step().await? {
        eprintln!("{step}");
        if let ProvisionStep::Active(organization) = step {
            show(&organization, how.format);
        }
    }
    Ok(ExitCode::SUCCESS)
}
