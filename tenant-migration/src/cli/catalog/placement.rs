//! `migrate placement`: the databases that organisations live in.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tenant_core::{PlacementKind, PlacementName};

use super::arguments::{CatalogUrl, Format};
use super::listing::{list, show};
use crate::catalog::{CatalogEditor, PlacementRecord};
use crate::cli::error::CliError;

/// What `placement` is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct PlacementArguments {
    #[command(flatten)]
    pub(in crate::cli) url: CatalogUrl,

    #[command(subcommand)]
    command: PlacementCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum PlacementCommand {
    /// Record a database that is there; adding it again as it is does nothing
    Add {
        /// 1 to 48 characters of a-z 0-9 _, a letter first
        name: PlacementName,
        #[command(flatten)]
        values: Values,
    },
    /// List all
    List {
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Show one
    Show {
        /// Which one
        name: PlacementName,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Change what is given, and leave the rest
    Set {
        /// Which one
        name: PlacementName,
        #[command(flatten)]
        values: Values,
        /// Connect to the URL's host alone
        #[arg(long, conflicts_with = "host")]
        no_hosts: bool,
        /// Let the programs' configuration say how many connections they open
        #[arg(long, conflicts_with = "max_connections")]
        no_max_connections: bool,
        /// Take the roles of the deploying program
        #[arg(long, conflicts_with = "placement_role_prefix")]
        no_role_prefix: bool,
    },
    /// Remove one that no organisation's record names; the database stays
    Remove {
        /// Which one
        name: PlacementName,
    },
}

#[derive(Clone, Debug, Args)]
struct Values {
    /// Whom it holds: shared (many organisations; what `add` takes if not said) or dedicated (one)
    #[arg(long, value_name = "KIND")]
    kind: Option<PlacementKind>,

    /// A server of it, HOST or HOST:PORT; may be given more than once, and programs find the one that accepts writes
    #[arg(long, value_name = "HOST")]
    host: Vec<String>,

    /// How many connections each program opens to it at most
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(i32::MAX)))]
    max_connections: Option<u32>,

    /// What its roles' names begin with, where it has roles of its own
    #[arg(long = "role-prefix", id = "placement_role_prefix", value_name = "PREFIX")]
    role_prefix: Option<String>,
}

impl Values {
    fn apply(self, record: &mut PlacementRecord) {
        if let Some(kind) = self.kind {
            record.kind = kind;
        }
        if !self.host.is_empty() {
            record.hosts = self.host;
        }
        record.max_connections = self.max_connections.or(record.max_connections);
        record.role_prefix = self.role_prefix.or_else(|| record.role_prefix.take());
    }
}

/// Does what `arguments` say.
pub(in crate::cli) async fn placement(arguments: &PlacementArguments) -> Result<ExitCode, CliError> {
    let mut catalog = CatalogEditor::connect(&arguments.url.read()?).await?;
    match arguments.command.clone() {
        PlacementCommand::Add { name, values } => {
            let mut record = PlacementRecord::new(name, PlacementKind::Shared);
            values.apply(&mut record);
            record.roles()?;
            if !catalog.add_placement(&record).await? {
                eprintln!("placement {} is there already, just so", record.name);
            }
        }
        PlacementCommand::List { format } => list(&catalog.placements().await?, format),
        PlacementCommand::Show { name, format } => show(&catalog.placement(&name).await?, format),
        PlacementCommand::Set { name, values, no_hosts, no_max_connections, no_role_prefix } => {
            let mut record = catalog.placement(&name).await?;
            values.apply(&mut record);
            if no_hosts {
                record.hosts.clear();
            }
            if no_max_connections {
                record.max_connections = None;
            }
            if no_role_prefix {
                record.role_prefix = None;
            }
            record.roles()?;
            catalog.set_placement(&record).await?;
        }
        PlacementCommand::Remove { name } => catalog.remove_placement(&name).await?,
    }
    catalog.close().await;
    Ok(ExitCode::SUCCESS)
}
