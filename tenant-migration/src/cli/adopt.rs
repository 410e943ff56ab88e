//! `migrate adopt`: from arguments to an adopted database.

use std::process::ExitCode;

use clap::Args;
use tenant_core::TenantId;

use super::connection::{Target, connect};
use super::error::CliError;
use super::run::print;
use crate::adopt::Adoption;
use crate::migrator::TenantMigrator;

/// What `adopt` is told.
#[derive(Debug, Args)]
pub(super) struct AdoptArguments {
    /// The tenant of a row of TABLE is the value of this SQL expression, such as an old column
    #[arg(long, value_name = "TABLE=EXPRESSION", value_parser = pair)]
    assign: Vec<(String, String)>,

    /// The tenant of a row of TABLE is that of the row its foreign key of these columns refers to
    #[arg(long, value_name = "TABLE=COLUMN,…", value_parser = pair)]
    via: Vec<(String, String)>,

    /// All other rows are this tenant's
    #[arg(long, value_name = "UUID")]
    tenant: Option<TenantId>,

    /// About how many rows are filled in one transaction
    #[arg(long, value_name = "ROWS", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,

    /// Look at everything, print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    /// Stop when row-level security lets programs without a tenant through and reports them; this is the default
    #[arg(long, conflicts_with = "enforce")]
    observe: bool,

    /// Go to the end: programs without a tenant see no row any more
    #[arg(long)]
    enforce: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (table, said) = text.split_once('=').ok_or("there is no `=` in it")?;
    Ok((table.trim().to_owned(), said.trim().to_owned()))
}

impl AdoptArguments {
    fn adoption(&self) -> Adoption {
        let mut adoption = Adoption::new().batch(self.batch);
        for (table, expression) in &self.assign {
            adoption = adoption.assign(table, expression);
        }
        for (table, columns) in &self.via {
            adoption = adoption.via(table, columns.split(',').map(str::trim));
        }
        if let Some(tenant) = self.tenant {
            adoption = adoption.tenant(tenant);
        }
        if self.enforce { adoption.enforce() } else { adoption }
    }
}

/// Adopts the database, or prints what that would be.
pub(super) async fn adopt(
    migrator: &TenantMigrator,
    arguments: &AdoptArguments,
    target: Target<'_>,
    schema: &str,
) -> Result<ExitCode, CliError> {
    let adoption = arguments.adoption();
    let db = connect(target, schema).await?;
    if arguments.dry_run {
        print(&migrator.plan_adoption(&db, &adoption).await?.to_string());
    } else {
        migrator.adopt(&db, &adoption).await?;
        let end = if arguments.enforce {
            "refused"
        } else {
            "let through and reported; go on with --enforce when the log is silent"
        };
        eprintln!("the database is adopted: programs without a tenant are {end}");
    }
    db.close().await?;
    Ok(ExitCode::SUCCESS)
}
