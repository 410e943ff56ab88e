//! `migrate audit export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use sqlx::Connection;
use tenant_core::TenantId;

use crate::audit::Export;
use crate::cli::connection::{self, Target};
use crate::cli::error::CliError;

/// What `audit export` is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArguments {
    /// Whose entries
    #[arg(long, value_name = "UUID")]
    tenant: TenantId,

    /// Only those from this time on, in UTC unless it says otherwise
    #[arg(long, value_name = "TIME")]
    from: Option<String>,

    /// Only those from before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,

    /// The file to write: JSON, a line each
    file: PathBuf,
}

/// Writes the file.
pub(super) async fn export(arguments: &ExportArguments, target: Target<'_>) -> Result<ExitCode, CliError> {
    let mut export = Export::new(arguments.tenant);
    if let Some(from) = &arguments.from {
        export = export.from(from);
    }
    if let Some(to) = &arguments.to {
        export = export.to(to);
    }
    let (mut connection, _) = connection::look(target).await?;
    let exported = export.write(&mut connection, &arguments.file).await?;
    // It only read.
    drop(connection.close().await);
    let unsealed = match exported.unsealed {
        0 => String::new(),
        some => format!(", and {some} that are not sealed yet, which nothing proves"),
    };
    eprintln!("{} entries{unsealed}: {}", exported.entries, arguments.file.display());
    Ok(ExitCode::SUCCESS)
}
