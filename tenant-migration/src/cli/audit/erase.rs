//! `migrate audit erase`.

use std::process::ExitCode;

use clap::Args;
use sqlx::Connection;
use tenant_core::{TenantId, UserId};

use crate::audit::{Entries, Erased, Erasure};
use crate::cli::connection::{self, Target};
use crate::cli::error::CliError;
use crate::cli::run::print;

/// What `audit erase` is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct EraseArguments {
    /// Whose rows' values
    #[arg(long, value_name = "UUID")]
    tenant: TenantId,

    #[command(flatten)]
    what: What,

    /// Why; the log keeps it
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Those that this user wrote
    #[arg(long, value_name = "UUID")]
    user: Option<UserId>,

    /// Those of certain entries, such as 3,7-9
    #[arg(long, value_name = "ENTRIES")]
    entries: Option<Entries>,

    /// All
    #[arg(long)]
    all_values: bool,
}

impl What {
    /// clap sees to it that one is said.
    fn erased(&self) -> Erased {
        match (self.user, &self.entries) {
            (Some(user), _) => Erased::User(user),
            (None, Some(entries)) => Erased::Entries(entries.clone()),
            (None, None) => Erased::All,
        }
    }
}

/// Erases, and says what.
pub(super) async fn erase(arguments: &EraseArguments, target: Target<'_>) -> Result<ExitCode, CliError> {
    let erasure = Erasure::new(arguments.tenant, arguments.what.erased(), &arguments.reason)?;
    let (mut connection, _) = connection::look(target).await?;
    let record = erasure.run(&mut connection).await?;
    // All that was wanted has been done.
    drop(connection.close().await);
    print(&match record.entry {
        Some(entry) => {
            format!("erased the values of {} entries ({}); entry {entry} says so\n", record.values, record.entries)
        }
        None => "nothing to erase\n".to_owned(),
    });
    Ok(ExitCode::SUCCESS)
}
