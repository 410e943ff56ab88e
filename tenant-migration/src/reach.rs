//! Connecting to a database, or saying what is in the way.

use std::time::Duration;

use sea_orm::DatabaseConnection;
use sqlx::Connection;
use sqlx::postgres::{PgConnection, PgPoolOptions};
use tenant_core::TransportError;

use crate::database_url::{DatabaseUrl, Place};
use crate::error::describe_sqlx;
use crate::ident::Ident;

/// How long a server may take to answer. A pool would go on trying for 30 s before it says anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a database can't be reached, in words that say what to do. None of them contains a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReachError {
    /// No server answers.
    #[error("{place} does not answer: {reason}; see that the server runs there and accepts connections (`pg_isready`)")]
    Unreachable {
        /// The database.
        place: Place,
        /// What happened.
        reason: String,
    },
    /// The server doesn't let the user in.
    #[error(
        "{place} refused `{user}`: {reason}; check the user and the password in the URL, and the server's pg_hba.conf"
    )]
    Refused {
        /// The database.
        place: Place,
        /// The user.
        user: String,
        /// What the server said.
        reason: String,
    },
    /// The server has no such database.
    #[error("{place} has no such database: {reason}; create it first (`createdb`)")]
    NoDatabase {
        /// The database.
        place: Place,
        /// What the server said.
        reason: String,
    },
    /// The URL would give the connection away on its way.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Something else went wrong.
    #[error("could not connect to {place}: {}", describe_sqlx(.source))]
    Connection {
        /// The database.
        place: Place,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// The schema for the application's own migrations isn't there.
    #[error("the database has no schema \"{schema}\": create it (`CREATE SCHEMA`), or name another with -s")]
    NoSchema {
        /// The schema.
        schema: String,
    },
}

/// A pool for a deploy, after a first connection has shown what is wrong if something is.
pub(crate) async fn connect(url: &DatabaseUrl, schema: &str) -> Result<DatabaseConnection, ReachError> {
    let place = url.place();
    let no_schema = || ReachError::NoSchema { schema: schema.to_owned() };
    let search_path = Ident::new(schema).map_err(|_| no_schema())?.to_string();

    let mut first = look_at(url).await?;
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
        .connect_with(url.options()?)
        .await
        .map_err(|source| explain(source, place))?;
    Ok(pool.into())
}

/// A connection that waits for no deploy, or what is in its way.
pub(crate) async fn look_at(url: &DatabaseUrl) -> Result<PgConnection, ReachError> {
    let (place, options) = (url.place(), url.options()?);
    let connecting = tokio::time::timeout(PATIENCE, PgConnection::connect_with(&options)).await;
    connecting
        .map_err(|_| ReachError::Unreachable {
            place: place.clone(),
            reason: format!("no answer in {} s", PATIENCE.as_secs()),
        })?
        .map_err(|source| refusal(source, place, options.get_username()))
}

fn refusal(error: sqlx::Error, place: &Place, user: &str) -> ReachError {
    let (place, user) = (place.clone(), user.to_owned());
    match &error {
        sqlx::Error::Io(reason) => ReachError::Unreachable { place, reason: reason.to_string() },
        sqlx::Error::Database(server) => {
            let reason = server.message().to_owned();
            match server.code().as_deref() {
                Some("28P01" | "28000") => ReachError::Refused { place, user, reason },
                Some("3D000") => ReachError::NoDatabase { place, reason },
                _ => explain(error, &place),
            }
        }
        _ => explain(error, &place),
    }
}

/// What went wrong at `place`.
pub(crate) fn explain(source: sqlx::Error, place: &Place) -> ReachError {
    ReachError::Connection { place: place.clone(), source }
}
