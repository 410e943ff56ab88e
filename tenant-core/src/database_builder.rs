//! What a database needs before it is used, and the check that it is fit for it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::database::{Placement, TenantDatabase};
use crate::database_error::DatabaseError;
use crate::scope::Rewriter;
use crate::{AllowedFunctions, Registry, preflight};

/// Connections a database opens at most, unless [`TenantDatabaseBuilder::max_connections`] says otherwise: sqlx's own default.
const MAX_CONNECTIONS: u32 = 10;

/// How long a statement waits for a connection, unless [`TenantDatabaseBuilder::acquire_timeout`] says otherwise.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a database may take to answer at start-up, unless [`TenantDatabaseBuilder::connect_timeout`] says otherwise:
/// far longer than a preflight needs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Gathers what a [`TenantDatabase`] needs.
#[must_use = "call `build` to connect"]
pub struct TenantDatabaseBuilder {
    url: String,
    registry: Option<Registry>,
    max_connections: u32,
    acquire_timeout: Duration,
    connect_timeout: Duration,
    functions: Vec<String>,
    rewrite_cache_bytes: Option<u64>,
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
    pub(crate) const fn new(url: String) -> Self {
        Self {
            url,
            registry: None,
            max_connections: MAX_CONNECTIONS,
            acquire_timeout: ACQUIRE_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            rewrite_cache_bytes: None,
            functions: Vec::new(),
        }
    }

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

    /// Keeps at most this many bytes of rewritten statements; 16 MiB by default. An application's statements are templates and
    /// number in the hundreds; more is of use only to one that makes texts without end.
    pub const fn rewrite_cache_bytes(mut self, bytes: u64) -> Self {
        self.rewrite_cache_bytes = Some(bytes);
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
        let rewriter = match self.rewrite_cache_bytes {
            Some(bytes) => rewriter.cache_bytes(bytes),
            None => rewriter,
        };
        Ok(TenantDatabase::new(Placement::new(pool, self.max_connections, rewriter)))
    }
}

/// Where a connection goes and as whom, without its password.
fn describe(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or("(default)");
    let host =
        options.get_socket().map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
    format!("database {database} on {host} port {} as role {}", options.get_port(), options.get_username())
}
