//! A running PgBouncer.

use std::path::Path;

use super::builder::PgBouncerBuilder;
use crate::{Cluster, Upstream, address::Address, watchdog::Watched};

/// A throw-away PgBouncer in front of a throw-away server, on a free port of 127.0.0.1. Stopped when dropped, or when this
/// process ends in any way, `kill -9` included.
///
/// Every database of the server and every role but the superuser is reachable through it without a password, those that are
/// made later too. It looks roles up in the server (`auth_query`), for which it holds one connection of the superuser's to
/// each database in use.
///
/// It is as PgBouncer comes. So it refuses a start-up parameter that it doesn't know, and sqlx sends one unless told
/// `PgConnectOptions::extra_float_digits(None)`; and in transaction mode it loses prepared statements before version 1.21,
/// or with `max_prepared_statements` at 0. [`PgBouncerBuilder::setting`] changes what it is.
///
/// ```
/// # use std::str::FromStr;
/// # use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
/// # use tenant_testkit::{Cluster, PgBouncer, PoolMode};
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let cluster = Cluster::builder().start().await?;
/// # let database = cluster.empty_database().await?;
/// # sea_orm::ConnectionTrait::execute_unprepared(&database.admin().await?, "CREATE ROLE somebody LOGIN").await?;
/// let bouncer = PgBouncer::builder(&cluster).pool_mode(PoolMode::Transaction).pool_size(2).start().await?;
/// let options = PgConnectOptions::from_str(&bouncer.url("somebody", database.name()))?.extra_float_digits(None);
/// let mut connection = PgConnection::connect_with(&options).await?;
/// sqlx::raw_sql("SELECT 1").execute(&mut connection).await?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "PgBouncer stops when this value is dropped"]
pub struct PgBouncer {
    watched: Watched,
    port: u16,
    /// The server runs as long as PgBouncer does.
    _cluster: Cluster,
}

impl PgBouncer {
    pub(super) fn new(watched: Watched, port: u16, cluster: Cluster) -> Self {
        Self { watched, port, _cluster: cluster }
    }

    /// A PgBouncer to be started in front of this server, which must be a throw-away one: it gets in through the socket,
    /// whereas the server of `DATABASE_URL` may want passwords that PgBouncer doesn't know.
    pub fn builder(cluster: &Cluster) -> PgBouncerBuilder {
        PgBouncerBuilder::new(cluster.clone())
    }

    /// The URL of a database for a role.
    #[must_use]
    pub fn url(&self, role: &str, database: &str) -> String {
        self.address().url(role, database)
    }

    /// Its folder: the configuration, and its `log`.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.watched.folder()
    }

    fn address(&self) -> Address {
        Address::Port(self.port)
    }
}

impl From<&PgBouncer> for Upstream {
    fn from(bouncer: &PgBouncer) -> Self {
        Self::new(bouncer.address())
    }
}
