//! A PostgreSQL server for tests.

use std::{
    collections::HashMap,
    env, io,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use sqlx::{Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::{
    address::Address,
    builder::{ClusterBuilder, wait_until_answering},
    database::Database,
    error::{ClusterError, DatabaseError},
    external::External,
    server::Server,
    template::{self, Template},
};

/// A PostgreSQL server for tests: a throw-away one, or the one of `DATABASE_URL`.
///
/// A handle: clones, [templates](Template) and [databases](Database) lead to the same server, and a throw-away server stops
/// when the last of them is dropped, or when the process ends in any way, `kill -9` included. Nothing in it belongs to one
/// async runtime, so tests that each have their own can share it.
///
/// ```
/// # use tenant_testkit::Cluster;
/// # use sea_orm::ConnectionTrait;
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let cluster = Cluster::shared().await?;
/// let template = cluster
///     .template("a table of molecules", async |url: String| {
///         let db = sea_orm::Database::connect(url).await?;
///         db.execute_unprepared("CREATE TABLE molecules (id int)").await?;
///         Ok::<_, sea_orm::DbErr>(())
///     })
///     .await?;
/// let database = template.database().await?;
/// database.admin().await?.execute_unprepared("INSERT INTO molecules VALUES (1)").await?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cluster(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    host: Host,
    /// The database of each template, by the template's name.
    templates: Mutex<HashMap<String, Arc<OnceCell<String>>>>,
}

/// Whose server it is.
#[derive(Debug)]
pub(crate) enum Host {
    ThrowAway(Server),
    External(External),
}

/// Never dropped: the throw-away server follows the process.
static SHARED: OnceCell<Cluster> = OnceCell::const_new();

impl Cluster {
    /// This process's one server, [started](Self::start) at the first call. It is running until the process ends.
    ///
    /// # Errors
    /// As [`start`](Self::start); the next call tries again.
    pub async fn shared() -> Result<&'static Self, ClusterError> {
        SHARED.get_or_try_init(Self::start).await
    }

    /// The server of `DATABASE_URL` if that is set, else a new throw-away one.
    ///
    /// # Errors
    /// [`ClusterError`] says what is missing and how to get it.
    pub async fn start() -> Result<Self, ClusterError> {
        match env::var_os("DATABASE_URL").filter(|url| !url.is_empty()) {
            Some(url) => Self::connect(&url.to_string_lossy()).await,
            None => Self::builder().start().await,
        }
    }

    /// A throw-away server with settings of its own, whatever `DATABASE_URL` says.
    pub fn builder() -> ClusterBuilder {
        ClusterBuilder::new()
    }

    /// A server that is running already, by its superuser's URL, as from `DATABASE_URL`. Databases made on it are called
    /// `tenant_test_…` and dropped with their [`Database`]; what a killed process leaves behind is dropped a day later.
    ///
    /// # Errors
    /// [`ClusterError`] if it can't be reached, is too old, or the role is no superuser.
    pub async fn connect(url: &str) -> Result<Self, ClusterError> {
        Ok(Self::new(Host::External(External::connect(url).await?)))
    }

    pub(crate) fn new(host: Host) -> Self {
        Self(Arc::new(Inner { host, templates: Mutex::default() }))
    }

    /// A database to be cloned: made by the first call with this name, which is the only one to run `migrate`; the others wait for
    /// it. The name stands for all that `migrate` does. `migrate` is given the superuser's URL of a new, empty database.
    /// Roles belong to the whole server, so `migrate` must bear that they exist.
    ///
    /// # Errors
    /// [`DatabaseError::Migration`] with the error of `migrate`, or what the server said. The next call tries again.
    pub async fn template<E>(
        &self,
        name: &str,
        migrate: impl AsyncFnOnce(String) -> Result<(), E>,
    ) -> Result<Template, DatabaseError>
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let cell = {
            // What the lock guards is never half-written.
            let mut templates = self.0.templates.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(templates.entry(name.to_owned()).or_default())
        };
        let database = cell.get_or_try_init(|| template::build(self, name, migrate)).await?;
        Ok(Template::new(self.clone(), database.clone()))
    }

    /// A new database with nothing in it.
    ///
    /// # Errors
    /// [`DatabaseError::Server`].
    pub async fn empty_database(&self) -> Result<Database, DatabaseError> {
        Ok(Database::create(self, "template0").await?.0)
    }

    /// The URL of a database for a role.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        self.address().url(role, database)
    }

    /// The URL of a database for the superuser.
    #[must_use]
    pub fn superuser_url(&self, database: &str) -> String {
        self.address().superuser_url(database)
    }

    /// As [`url`](Self::url), over TCP; `None` unless started with [`ClusterBuilder::tcp`].
    #[must_use]
    pub fn tcp_url(&self, role: &str, database: &str) -> Option<String> {
        match &self.0.host {
            Host::ThrowAway(server) => Some(server.tcp()?.url(role, database)),
            Host::External(_) => None,
        }
    }

    /// Kills a throw-away server as a power failure would, without a word to anybody. It stays away until
    /// [`Self::start_again`].
    ///
    /// # Errors
    /// When it wasn't started with [`ClusterBuilder::restarts`], or doesn't run.
    pub fn kill(&self) -> Result<(), ClusterError> {
        self.throw_away()?.kill().map_err(ClusterError::Signal)
    }

    /// Starts a server that was [killed](Self::kill), on the data that it had, and waits until it answers.
    ///
    /// # Errors
    /// [`ClusterError`], with the end of the server's log where there is one.
    pub async fn start_again(&self) -> Result<(), ClusterError> {
        let server = self.throw_away()?;
        server.start_again().map_err(ClusterError::Signal)?;
        wait_until_answering(server).await
    }

    fn throw_away(&self) -> Result<&Server, ClusterError> {
        match &self.0.host {
            Host::ThrowAway(server) => Ok(server),
            Host::External(_) => Err(ClusterError::Signal(io::Error::other("it isn't a throw-away server"))),
        }
    }

    /// Where a standby finds it.
    pub(crate) fn conninfo(&self) -> String {
        match self.address() {
            Address::Socket { folder, port } => format!("host={} port={port} user=postgres", folder.display()),
            Address::Port(_) | Address::Given(_) => self.superuser_url("postgres"),
        }
    }

    /// The folder of a throw-away server: its socket, its `log`, and its `data`.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.0.host {
            Host::ThrowAway(server) => Some(server.folder()),
            Host::External(_) => None,
        }
    }

    pub(crate) fn address(&self) -> Address {
        match &self.0.host {
            Host::ThrowAway(server) => server.socket(),
            Host::External(external) => external.address(),
        }
    }

    /// The password that roles need; see [`External::password`].
    pub(crate) fn password(&self) -> Option<String> {
        match &self.0.host {
            Host::ThrowAway(_) => None,
            Host::External(external) => external.password(),
        }
    }

    /// A superuser's connection to one database. Short-lived: it belongs to the runtime that opened it.
    pub(crate) async fn superuser(&self, database: &str) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect(&self.superuser_url(database)).await
    }
}
