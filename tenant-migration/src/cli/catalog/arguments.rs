//! Which catalog, and what of it.

use clap::{Args, Subcommand, ValueEnum};
use tenant_core::Transport;

use crate::cli::error::CliError;
use crate::database_url::DatabaseUrl;

/// Where the catalog is.
#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct CatalogUrl {
    // The value is a credential: clap would print it in --help.
    /// The metadata database's URL, postgres://USER:PASSWORD@HOST/DATABASE
    #[arg(long, global = true, value_name = "URL", env = "TENANT_CATALOG_URL", hide_env_values = true)]
    catalog_url: Option<String>,

    /// How it and everything that it leads to is reached.
    #[arg(skip)]
    pub(in crate::cli) transport: Transport,
}

impl CatalogUrl {
    /// The URL, read.
    pub(in crate::cli) fn read(&self) -> Result<DatabaseUrl, CliError> {
        let url = self.catalog_url.as_deref().filter(|url| !url.is_empty()).ok_or(CliError::NoCatalogUrl)?;
        Ok(url.parse::<DatabaseUrl>()?.over(self.transport))
    }
}

/// How a list is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns for people
    #[default]
    Text,
    /// For programs
    Json,
}

/// What `catalog` is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct CatalogArguments {
    #[command(flatten)]
    pub(in crate::cli) url: CatalogUrl,

    /// What the names of the catalog's roles begin with
    #[arg(long, global = true, value_name = "PREFIX", default_value = "tenancy")]
    pub(super) catalog_role_prefix: String,

    #[command(subcommand)]
    pub(super) command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CatalogCommand {
    /// Make the catalog, or make what was changed as it should be
    Up,
    /// Take the catalog away; its roles stay
    Down {
        /// Also where it has organisations that are not archived
        #[arg(long)]
        force: bool,
    },
    /// Print what `up` would do as SQL
    Plan {
        /// Fail if there is something to do
        #[arg(long, conflicts_with = "empty")]
        check: bool,
        /// For a database without a catalog, without one
        #[arg(long)]
        empty: bool,
    },
    /// Say how the catalog is; fails if it is not as it should be
    Status,
}
