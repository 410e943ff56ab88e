//! The database that a command is given by its URL.

use sea_orm::DatabaseConnection;
use sqlx::postgres::PgConnection;

use super::error::CliError;
use crate::database_url::{DatabaseUrl, Place};
use crate::reach;

/// A pool for a deploy.
pub(super) async fn connect(url: Option<&str>, schema: &str) -> Result<DatabaseConnection, CliError> {
    Ok(reach::connect(&read(url)?, schema).await?)
}

/// A connection to look through, which waits for no deploy, and what to call its place.
pub(super) async fn look(url: Option<&str>) -> Result<(PgConnection, Place), CliError> {
    let url = read(url)?;
    Ok((reach::look_at(&url).await?, url.place().clone()))
}

/// The URL that a single database was given by.
fn read(url: Option<&str>) -> Result<DatabaseUrl, CliError> {
    Ok(url.filter(|url| !url.is_empty()).ok_or(CliError::NoUrl)?.parse()?)
}
