//! `migrate catalog`: its schema.

use std::process::ExitCode;
use std::sync::Arc;

use super::arguments::{CatalogArguments, CatalogCommand};
use crate::catalog::{CatalogMigrator, CatalogRoles, CatalogStatus};
use crate::cli::error::CliError;
use crate::cli::run::print;
use crate::patience::Patience;
use crate::progress::Observer;
use crate::reach;

/// Does what `arguments` say.
pub(in crate::cli) async fn catalog(
    arguments: &CatalogArguments,
    patience: Patience,
    observer: Arc<dyn Observer>,
) -> Result<ExitCode, CliError> {
    let roles = CatalogRoles::with_prefix(&arguments.catalog_role_prefix)?;
    let migrator = CatalogMigrator::new(roles).patience(patience).observer(observer);
    if let CatalogCommand::Plan { empty: true, .. } = arguments.command {
        print(&migrator.plan_for_empty().to_string());
        return Ok(ExitCode::SUCCESS);
    }
    // Its schema is its own: whatever stands first in the search path is not looked at.
    let db = reach::connect(&arguments.url.read()?, "pg_catalog").await?;
    let code = match arguments.command {
        CatalogCommand::Up => {
            if migrator.up(&db).await?.is_empty() {
                eprintln!("the catalog is as it should be");
            }
            ExitCode::SUCCESS
        }
        CatalogCommand::Down { force } => {
            migrator.down(&db, force).await?;
            ExitCode::SUCCESS
        }
        CatalogCommand::Plan { check, .. } => {
            let plan = migrator.plan(&db).await?;
            print(&plan.to_string());
            if check && !plan.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        CatalogCommand::Status => {
            let status = migrator.status(&db).await?;
            print(&format!("{status}\n"));
            if status == CatalogStatus::Current { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    };
    db.close().await?;
    Ok(code)
}
