//! Why a database can't be used.

use std::time::Duration;

use crate::audit::AuditSettingsError;
use crate::pool::{PoolError, PoolSettingsError};
use crate::preflight::PreflightError;
use crate::servers::{HostError, NoPrimary};
use crate::transport::TransportError;

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
    /// The URL would give connections away to whoever stands on their way.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A host that can't be one.
    #[error(transparent)]
    Host(#[from] HostError),
    /// None of several hosts accepts writes.
    #[error("can't use {server}: {source}")]
    NoPrimary {
        /// The servers, database and role.
        server: String,
        /// Each host, and why it is not used.
        source: NoPrimary,
    },
    /// The server did not prove by TLS to be the one that is meant.
    #[error(
        "{server} did not prove by TLS to be that server ({source}): its certificate must name the host, be valid now, and be signed \
         by an authority in the URL's sslrootcert or by a public one; a server without TLS needs `ssl = on`"
    )]
    Untrusted {
        /// The server, database and role.
        server: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// Settings that no pool could work with.
    #[error(transparent)]
    Settings(#[from] PoolSettingsError),
    /// Settings that no log of reads could be kept by.
    #[error(transparent)]
    Audit(#[from] AuditSettingsError),
    /// A pooler that gives one server session to several clients by turns, such as PgBouncer's transaction pooling.
    #[error(
        "{server} is behind a transaction pooler ({sign}), where a session that is bound to one tenant would serve another: call \
         `binding_mode(BindingMode::Transaction)`, or connect to PostgreSQL directly"
    )]
    Pooler {
        /// The server, database and role.
        server: String,
        /// What shows it.
        sign: String,
    },
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
    #[error(
        "no answer within {waited:?} from {server}: is there a PostgreSQL behind that address, and has it, or the pooler in front \
         of it, connections left?"
    )]
    Silent {
        /// The server, database and role.
        server: String,
        /// How long it had.
        waited: Duration,
        /// Why the last attempt to open one of `min_connections` failed, if one did.
        source: Option<sqlx::Error>,
    },
    /// The connections to keep open could not be opened.
    #[error("can't open the min_connections")]
    Minimum(#[source] PoolError),
    /// The database is not safe, or not migrated.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
}

impl DatabaseError {
    /// Whether the database was not reached, so that nothing is known of it and the same may succeed later.
    pub(crate) const fn is_of_reachability(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Silent { .. } | Self::Minimum(_))
    }
}
