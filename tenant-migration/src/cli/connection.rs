//! The database that a command is given by its URL.

use sea_orm::DatabaseConnection;
use sqlx::postgres::PgConnection;
use tenant_core::Transport;

use super::error::CliError;
use crate::database_url::{DatabaseUrl, Place};
use crate::reach;

/// The single database that a command is for, and how it is reached.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) url: Option<&'a str>,
    pub(super) transport: Transport,
}

impl Target<'_> {
    fn read(self) -> Result<DatabaseUrl, CliError> {
        let url = self.url.filter(|url| !url.is_empty()).ok_or(CliError::NoUrl)?;
        Ok(url.parse::<DatabaseUrl>()?.over(self.transport))
    }
}

/// A pool for a deploy.
pub(super) async fn connect(target: Target<'_>, schema: &str) -> Result<DatabaseConnection, CliError> {
    Ok(reach::connect(&target.read()?, schema).await?)
}

/// A connection to look through, which waits for no deploy, and what to call its place.
pub(super) async fn look(target: Target<'_>) -> Result<(PgConnection, Place), CliError> {
    let url = target.read()?;
    Ok((reach::look_at(&url).await?, url.place().clone()))
}
