//! The one server that all is measured on, and the ways to it.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr};
use sqlx::{Connection, PgConnection};
use tenant_core::{Registry, TenantDatabase, TenantDatabaseBuilder, TenantId};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database, Proxy};
use uuid::Uuid;

use crate::Failure;

/// Tenants that have rows; each has [`ROWS`] of them, and the first four have [`MANY_ROWS`].
pub(crate) const TENANTS: u128 = 1000;
pub(crate) const ROWS: u128 = 20;
pub(crate) const MANY_ROWS: u128 = 5000;

/// A role that row-level security doesn't hold.
const RAW: &str = "bench_raw";

/// A migrated database with the tenants' rows, behind a proxy that gives it a distance.
pub(crate) struct Server {
    pub(crate) proxy: Proxy,
    pub(crate) registry: Registry,
    database: Database,
}

/// The tenant of this number, from 1 on.
pub(crate) const fn tenant(number: u128) -> TenantId {
    TenantId::new(Uuid::from_u128(number))
}

impl Server {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let cluster = Cluster::builder().start().await?;
        let database = cluster.empty_database().await?;
        let registry = Registry::collect()?;
        let admin = database.admin().await?;
        let migrator = TenantMigrator::new(&registry)?;
        migrator.up(&admin, None).await?;
        admin.execute_unprepared(include_str!("data.sql")).await?;
        // Records the trigger and the grants that came with the data.
        migrator.up(&admin, None).await?;
        admin.execute_unprepared("VACUUM ANALYZE molecules").await?;
        admin.close().await?;
        Ok(Self { proxy: Proxy::start(&database)?, registry, database })
    }

    /// As an application has it: behind both walls.
    pub(crate) fn tenants(&self) -> TenantDatabaseBuilder {
        TenantDatabase::builder(self.application_url()).registry(self.registry.clone())
    }

    /// SeaORM's own settings, as a role that sees every tenant's rows.
    pub(crate) fn raw(&self) -> ConnectOptions {
        ConnectOptions::new(self.proxy.url(RAW, self.database.name()))
    }

    /// The same without the question on every acquire whether the connection lives. The measure of everything else.
    pub(crate) fn tuned(&self) -> ConnectOptions {
        let mut options = self.raw();
        options.test_before_acquire(false);
        options
    }

    /// SeaORM without such questions, as the application's role.
    pub(crate) async fn application(&self) -> Result<DatabaseConnection, DbErr> {
        let mut options = ConnectOptions::new(self.application_url());
        options.test_before_acquire(false);
        sea_orm::Database::connect(options).await
    }

    /// A connection without a pool.
    pub(crate) async fn bare(&self, behind_policies: bool) -> Result<PgConnection, sqlx::Error> {
        let url = if behind_policies { self.application_url() } else { self.proxy.url(RAW, self.database.name()) };
        PgConnection::connect(&url).await
    }

    /// Waits until what goes on in the background after a statement has ended, so that the next arm doesn't pay for it.
    pub(crate) async fn settle(&self, delay: Duration) {
        tokio::time::sleep(delay + Duration::from_millis(1)).await;
    }

    fn application_url(&self) -> String {
        self.proxy.url(RoleNames::default().app().as_str(), self.database.name())
    }
}
