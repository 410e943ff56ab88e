//! The connection a migration runs on.

use std::time::Duration;

use sea_orm::DatabaseConnection;
use sqlx::Connection;
use sqlx::postgres::{PgConnection, PgPoolOptions};
use tenant_core::Transport;

use super::error::CliError;
use crate::database_url::{DatabaseUrl, Place};
use crate::ident::Ident;

/// How long a server may take to answer. A pool would go on trying for 30 s before it says anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// The single database that a command is for, and how it is reached.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) url: Option<&'a str>,
    pub(super) transport: Transport,
}

/// Connects, after a first connection has shown what is wrong if something is.
pub(super) async fn connect(target: Target<'_>, schema: &str) -> Result<DatabaseConnection, CliError> {
    connect_to(&read(target.url)?, target.transport, schema).await
}

/// [`connect`] for a URL that was read.
pub(super) async fn connect_to(
    url: &DatabaseUrl,
    transport: Transport,
    schema: &str,
) -> Result<DatabaseConnection, CliError> {
    let place = url.place();
    let no_schema = || CliError::NoSchema { schema: schema.to_owned() };
    let search_path = Ident::new(schema).map_err(|_| no_schema())?.to_string();

    let mut first = look_at(url, transport).await?;
    let exists = sqlx::query_scalar("SELECT pg_catalog.to_regnamespace($1) IS NOT NULL").bind(&search_path);
    if !exists.fetch_one(&mut first).await.map_err(|source| explain(source, place))? {
        return Err(no_schema());
    }
    // It has shown what it could.
    drop(first.close().await);
    let pool = PgPoolOptions::new()
        // One for the application's migrations and what they may do outside their transaction, one to look at the session
        // that makes the framework's changes, which is taken out of the pool.
        .max_connections(2)
        .acquire_timeout(PATIENCE)
        .after_connect(move |connection, _| {
            let search_path = search_path.clone();
            Box::pin(async move {
                let set = sqlx::query("SELECT pg_catalog.set_config('search_path', $1, false)");
                set.bind(search_path).execute(connection).await.map(drop)
            })
        })
        .connect_with(url.options(transport)?)
        .await
        .map_err(|source| explain(source, place))?;
    Ok(pool.into())
}

/// A connection to look through, which waits for no deploy, and what to call its place.
pub(super) async fn look(target: Target<'_>) -> Result<(PgConnection, Place), CliError> {
    let url = read(target.url)?;
    Ok((look_at(&url, target.transport).await?, url.place().clone()))
}

/// A connection that waits for no deploy, or what is in its way.
pub(super) async fn look_at(url: &DatabaseUrl, transport: Transport) -> Result<PgConnection, CliError> {
    let (place, options) = (url.place(), url.options(transport)?);
    let connecting = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
    connecting
        .map_err(|_| CliError::Unreachable {
            place: place.clone(),
            reason: format!("no answer in {} s", PATIENCE.as_secs()),
        })?
        .map_err(|source| refusal(source, place, options.get_username()))
}

/// The URL that a single database was given by.
fn read(url: Option<&str>) -> Result<DatabaseUrl, CliError> {
    Ok(url.filter(|url| !url.is_empty()).ok_or(CliError::NoUrl)?.parse()?)
}

fn refusal(error: sqlx::Error, place: &Place, user: &str) -> CliError {
    let (place, user) = (place.clone(), user.to_owned());
    match &error {
        sqlx::Error::Io(reason) => CliError::Unreachable { place, reason: reason.to_string() },
        sqlx::Error::Database(server) => {
            let reason = server.message().to_owned();
            match server.code().as_deref() {
                Some("28P01" | "28000") => CliError::Refused { place, user, reason },
                Some("3D000") => CliError::NoDatabase { place, reason },
                _ => explain(error, &place),
            }
        }
        _ => explain(error, &place),
    }
}

/// What went wrong at `place`.
pub(super) fn explain(source: sqlx::Error, place: &Place) -> CliError {
    CliError::Connection { place: place.clone(), source }
}
