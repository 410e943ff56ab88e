//! A primary and a standby that follows it, by real streaming replication.

use std::time::Duration;

use sea_orm::DatabaseConnection;
use tenant_core::{TenantConnection, TenantContext, TenantDatabase, TenantDatabaseBuilder};
use tenant_testkit::Cluster;

use super::{Organization, World, application_role, execute, texts, until};

/// The world on a primary, and a standby of that.
pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) primary: Cluster,
    pub(crate) standby: Cluster,
}

impl Pair {
    pub(crate) async fn new() -> Self {
        let servers = || Cluster::builder().tcp().restarts().setting("synchronous_commit", "on");
        let primary = servers().start().await.expect("a primary");
        let world = World::on(&primary).await;
        let standby = servers().standby_of(&primary).start().await.expect("a standby");
        let pair = Self { world, primary, standby };
        pair.caught_up().await;
        pair
    }

    /// Waits until the standby has all that the primary has now.
    pub(crate) async fn caught_up(&self) {
        // A record of its own: an end in the middle of a page's header is one that no standby reports.
        let sql = "SELECT pg_logical_emit_message(true, 'testkit', 'here')::text";
        let position = texts(&self.world.admin, sql).await.remove(0);
        let replica = admin(&self.standby, "postgres").await;
        let sql = format!("SELECT (pg_last_wal_replay_lsn() >= '{position}')::text");
        until("the standby has caught up", async || texts(&replica, &sql).await == ["true"]).await;
        replica.close().await.expect("closed");
    }

    /// From now on a commit waits until the standby has it.
    pub(crate) async fn synchronous(&self) {
        let postgres = admin(&self.primary, "postgres").await;
        execute(&postgres, "ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        execute(&postgres, "SELECT pg_reload_conf()").await;
        let sql = "SELECT sync_state FROM pg_stat_replication";
        until("the standby is synchronous", async || texts(&postgres, sql).await == ["sync"]).await;
        postgres.close().await.expect("closed");
    }

    /// Makes the standby a primary, and says how long the server itself took.
    pub(crate) async fn promote(&self) -> Duration {
        let postgres = admin(&self.standby, "postgres").await;
        let start = std::time::Instant::now();
        execute(&postgres, "SELECT pg_promote()").await;
        let took = start.elapsed();
        postgres.close().await.expect("closed");
        took
    }

    /// The hosts of both servers, the primary last.
    pub(crate) fn hosts(&self) -> Vec<String> {
        [&self.standby, &self.primary].map(host).to_vec()
    }

    /// Where the application's role finds the world.
    pub(crate) fn url(&self) -> String {
        self.primary.tcp_url(&application_role(), self.world.database.name()).expect("it listens")
    }

    /// Both servers as an application lists them, the primary last.
    pub(crate) fn builder(&self) -> TenantDatabaseBuilder {
        self.builder_for([&self.standby, &self.primary])
    }

    pub(crate) fn builder_for<const N: usize>(&self, clusters: [&Cluster; N]) -> TenantDatabaseBuilder {
        let builder = TenantDatabase::builder(self.url()).registry(self.world.registry.clone());
        builder.hosts(clusters.map(host)).max_connections(8)
    }

    /// The world's database on one of the servers, as its superuser.
    pub(crate) async fn on(&self, cluster: &Cluster) -> DatabaseConnection {
        admin(cluster, self.world.database.name()).await
    }

    pub(crate) fn connect(database: &TenantDatabase, organization: &Organization) -> TenantConnection {
        database.connect(TenantContext::new(organization.id))
    }
}

/// A server's host and port.
fn host(cluster: &Cluster) -> String {
    let url = cluster.tcp_url("nobody", "none").expect("it listens");
    let authority = url.split('/').nth(2).expect("a host");
    authority.rsplit('@').next().expect("a host").to_owned()
}

async fn admin(cluster: &Cluster, database: &str) -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(cluster.superuser_url(database));
    options.max_connections(2).sqlx_logging(false);
    sea_orm::Database::connect(options).await.expect("a superuser's connection")
}
