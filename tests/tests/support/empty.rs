//! Databases with nothing in them, for tests that migrate them themselves.

use sea_orm::DatabaseConnection;
use tenant_testkit::{Cluster, Database};

/// A new, empty database, and a superuser's connection to it.
pub(crate) async fn empty_database() -> (DatabaseConnection, Database) {
    let cluster = Cluster::shared().await.expect("a PostgreSQL");
    let database = cluster.empty_database().await.expect("a database");
    (database.admin().await.expect("a superuser's connection"), database)
}

/// A plain connection as a role.
pub(crate) async fn connect_as(role: &str, database: &Database) -> DatabaseConnection {
    database.plain(role).await.expect("the role may log in")
}
