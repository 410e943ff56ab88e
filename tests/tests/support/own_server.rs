//! A throw-away server for tests of the test kit itself, whatever `DATABASE_URL` says.

use sea_orm::ConnectionTrait;
use tenant_testkit::{Cluster, Database, PgBouncer, PgBouncerBuilder};
use tokio::sync::OnceCell;

/// An ordinary role of this server.
pub(crate) const ROLE: &str = "tenancy_app";

/// Follows the process.
static OWN: OnceCell<Cluster> = OnceCell::const_new();

/// The server.
pub(crate) async fn own_server() -> &'static Cluster {
    let start = async || {
        let cluster = Cluster::builder().start().await.expect("a PostgreSQL");
        let database = cluster.empty_database().await.expect("a database");
        let admin = database.admin().await.expect("a superuser's connection");
        admin.execute_unprepared(&format!("CREATE ROLE {ROLE} LOGIN")).await.expect("a role");
        cluster
    };
    OWN.get_or_init(start).await
}

/// A new, empty database on it.
pub(crate) async fn own_database() -> Database {
    own_server().await.empty_database().await.expect("a database")
}

/// A PgBouncer; without the program, the test fails with how to install it.
pub(crate) async fn bouncer(builder: PgBouncerBuilder) -> PgBouncer {
    builder.start().await.unwrap_or_else(|error| panic!("{error}"))
}
