//! One PostgreSQL database that holds tenants: checked at start-up, then a source of tenants' connections.

use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::preflight::{self, PreflightError};
use crate::scope::Rewriter;
use crate::{AllowedFunctions, Registry, TenantConnection, TenantContext};

/// Connections a database opens at most, unless [`TenantDatabaseBuilder::max_connections`] says otherwise: sqlx's own default.
const MAX_CONNECTIONS: u32 = 10;

/// How long a statement waits for a connection, unless [`TenantDatabaseBuilder::acquire_timeout`] says otherwise.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a database may take to answer at start-up, unless [`TenantDatabaseBuilder::connect_timeout`] says otherwise:
/// far longer than a preflight needs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// A database that holds tenants' rows.
///
/// Building one runs the preflight: a database on which isolation would not hold is refused.
///
/// ```no_run
/// use tenant_core::{Registry, TenantContext, TenantDatabase, TenantId};
///
/// # async fn run(organization: TenantId) -> Result<(), Box<dyn std::error::Error>> {
/// let database = TenantDatabase::builder("postgres://tenancy_app@db.internal/molecules")
///     .registry(Registry::collect()?)
///     .build()
///     .await?;
/// let db = database.connect(TenantContext::new(organization));
/// // molecule::Entity::find().all(&db).await? returns this organisation's molecules.
/// # let _ = db;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TenantDatabase {
    placement: Arc<Placement>,
}

/// What all connections to one database share.
#[derive(Debug)]
pub(crate) struct Placement {
    pool: PgPool,
    max_connections: u32,
    rewriter: Rewriter,
}

impl Placement {
    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) const fn max_connections(&self) -> u32 {
        self.max_connections
    }

    pub(crate) const fn rewriter(&self) -> &Rewriter {
        &self.rewriter
    }
}

impl TenantDatabase {
    /// Prepares a connection to the database at `url`, as the application's role.
    pub fn builder(url: impl Into<String>) -> TenantDatabaseBuilder {
        TenantDatabaseBuilder {
            url: url.into(),
            registry: None,
            max_connections: MAX_CONNECTIONS,
            acquire_timeout: ACQUIRE_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            functions: Vec::new(),
        }
    }

    /// A connection that works for one tenant. Costs nothing: a database connection is taken when a statement runs.
    #[must_use]
    pub fn connect(&self, context: TenantContext) -> TenantConnection {
        TenantConnection::new(Arc::clone(&self.placement), context)
    }

    /// Closes all connections, after the statements under way have ended. Later statements get an error.
    pub async fn close(&self) {
        self.placement.pool.close().await;
    }
}

/// Gathers what a [`TenantDatabase`] needs.
#[must_use = "call `build` to connect"]
pub struct TenantDatabaseBuilder {
    url: String,
    registry: Option<Registry>,
    max_connections: u32,
    acquire_timeout: Duration,
    connect_timeout: Duration,
    functions: Vec<String>,
}

impl std::fmt::Debug for TenantDatabaseBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("TenantDatabaseBuilder")
            .field("registry", &self.registry)
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("functions", &self.functions)
            .finish_non_exhaustive()
    }
}

impl TenantDatabaseBuilder {
    /// The tables that statements may name. Without it, those of all annotated models in this program.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// How many connections are opened at most; 10 by default.
    pub const fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// How long a statement waits for a connection before it gets an error; 5 seconds by default.
    pub const fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Lets tenants' statements call a function that is not on the list, as they write it: `name` or `schema.name`.
    ///
    /// The filter does not look into a function; see [`AllowedFunctions`].
    pub fn allow_function(mut self, name: impl Into<String>) -> Self {
        self.functions.push(name.into());
        self
    }

    /// How long connecting and checking may take together; 15 seconds by default.
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Connects and checks that isolation holds on this database.
    ///
    /// # Errors
    /// [`DatabaseError`] when the settings are unusable, the database can't be reached, or the preflight refuses it.
    pub async fn build(self) -> Result<TenantDatabase, DatabaseError> {
        let registry = self.registry.map_or_else(Registry::collect, Ok)?;
        let functions = self.functions.iter().try_fold(AllowedFunctions::default(), |all, name| all.allow(name))?;
        if self.max_connections == 0 {
            return Err(DatabaseError::NoConnections);
        }
        if !(self.url.starts_with("postgres://") || self.url.starts_with("postgresql://")) {
            return Err(DatabaseError::Url { source: None });
        }
        let options: PgConnectOptions =
            self.url.parse().map_err(|source| DatabaseError::Url { source: Some(source) })?;
        // String constants mean what the filter read only with this setting, which a role or database may have turned off.
        let options = options.options([("standard_conforming_strings", "on")]).disable_statement_logging();
        let server = describe(&options);
        let started = async {
            let unreachable = |source| DatabaseError::Connect { server: server.clone(), source };
            let mut connection = options.connect().await.map_err(unreachable)?;
            preflight::check(&mut connection, &registry).await.map_err(DatabaseError::from)
        };
        let silent = |_| DatabaseError::Silent { server: server.clone(), waited: self.connect_timeout };
        tokio::time::timeout(self.connect_timeout, started).await.map_err(silent)??;
        let pool = PgPoolOptions::new()
            .max_connections(self.max_connections)
            .acquire_timeout(self.acquire_timeout)
            // Found out at BEGIN instead, without a round trip.
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let rewriter = Rewriter::with_functions(Arc::new(registry), functions);
        let placement = Placement { pool, max_connections: self.max_connections, rewriter };
        Ok(TenantDatabase { placement: Arc::new(placement) })
    }
}

/// Where a connection goes and as whom, without its password.
fn describe(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or("(default)");
    let host =
        options.get_socket().map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    format!("database {database} on {host} port {} as role {}", options.get_port(), options.get_username())
}

/// Why a [`TenantDatabase`] could not be built.
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
