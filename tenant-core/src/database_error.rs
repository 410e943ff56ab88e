//! Why a database can't be used.

use std::time::Duration;

use crate::preflight::PreflightError;

/// Why a [`TenantDatabase`](crate::TenantDatabase) could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The URL is not one of PostgreSQL.
    #[error("the database URL is not of the form postgres://role:password@host:port/database")]
    Url {
        /// What is wrong with it, where that is known.
        source: Option<sqlx::Error>,
    },
    /// A pool without connections.
    #[error("max_connections is 0, so no statement could ever run: give at least 1")]
    NoConnections,
    /// No annotated models, or contradictory ones.
    #[error(transparent)]
    Registry(#[from] crate::RegistryError),
    /// A function that can't be allowed.
    #[error(transparent)]
    Function(#[from] crate::AllowanceError),
    /// No connection could be opened.
    #[error(
        "can't connect to {server} (is the server up, and do role, password and database exist? `pg_isready` and `psql` with the same URL tell more)"
    )]
    Connect {
        /// The server, database and role.
        server: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// The server accepted the connection, and then did not answer.
    #[error("no answer within {waited:?} from {server}: is there a PostgreSQL behind that address?")]
    Silent {
        /// The server, database and role.
        server: String,
        /// How long it had.
        waited: Duration,
    },
    /// The database is not safe, or not migrated.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
}
