//! A test's own database.

use std::{thread, time::Duration};

use sea_orm::{ConnectOptions, DatabaseConnection, DbErr};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{cluster::Cluster, database_name::DatabaseName, error::DatabaseError};

/// How long dropping a database may hold a test up.
const DROP_DEADLINE: Duration = Duration::from_secs(10);

/// A database of one test. Dropped on the server, together with the connections to it, when this value is.
#[derive(Debug)]
#[must_use = "the database is dropped together with this value"]
pub struct Database {
    cluster: Cluster,
    name: String,
}

impl Database {
    /// A new one, with the content of `template` but not yet its properties; and the superuser's connection that made it.
    pub(crate) async fn create(cluster: &Cluster, template: &str) -> Result<(Self, PgConnection), DatabaseError> {
        let name = DatabaseName::unique().to_string();
        let failed = |source| DatabaseError::server("create", &name)(source);
        let mut connection = cluster.superuser("postgres").await.map_err(failed)?;
        // Made before it exists, so that a caller who stops waiting leaves nothing behind. Copying files is faster than
        // logging every page.
        let database = Self { cluster: cluster.clone(), name: name.clone() };
        let create = AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"));
        sqlx::raw_sql(create).execute(&mut connection).await.map_err(failed)?;
        Ok((database, connection))
    }

    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is on.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The URL for a role, such as `tenancy_app`.
    #[must_use]
    pub fn url(&self, role: &str) -> String {
        self.cluster.url(role, &self.name)
    }

    /// The URL for the superuser.
    #[must_use]
    pub fn superuser_url(&self) -> String {
        self.cluster.superuser_url(&self.name)
    }

    /// A plain SeaORM connection as the superuser, whom row-level security doesn't stop: for arranging and asserting.
    ///
    /// # Errors
    /// What the connection failed on.
    pub async fn admin(&self) -> Result<DatabaseConnection, DbErr> {
        connect(self.superuser_url()).await
    }

    /// A plain SeaORM connection as a role.
    ///
    /// # Errors
    /// What the connection failed on.
    pub async fn plain(&self, role: &str) -> Result<DatabaseConnection, DbErr> {
        connect(self.url(role)).await
    }

    /// Lets it outlive this value.
    pub(crate) fn keep(self) -> String {
        let mut kept = self;
        std::mem::take(&mut kept.name)
    }
}

async fn connect(url: String) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(4).min_connections(0).test_before_acquire(false).sqlx_logging(false);
    sea_orm::Database::connect(options).await
}

impl Drop for Database {
    fn drop(&mut self) {
        if self.name.is_empty() {
            return;
        }
        let server = self.cluster.superuser_url("postgres");
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        // A thread of its own, because a runtime can't be entered from within another one. Nothing can be done about an
        // error here, and none is worth failing a test for: the server, or a later run, removes the database.
        let dropping = thread::Builder::new().name("drop database".to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            let dropped = async {
                let mut connection = PgConnection::connect(&server).await?;
                sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await?;
                connection.close().await
            };
            let _ = runtime.block_on(async { tokio::time::timeout(DROP_DEADLINE, dropped).await });
        });
        if let Ok(dropping) = dropping {
            let _ = dropping.join();
        }
    }
}
