//! A metadata database.

use sea_orm::DatabaseConnection;
use tenant_core::PostgresCatalog;
use tenant_migration::catalog::{CatalogEditor, CatalogMigrator};
use tenant_testkit::{Cluster, Database};

use super::execute;

/// A database with a catalog of two placements: `eu`, which is shared, and `own`, which is dedicated.
pub(crate) struct Office {
    pub(crate) database: Database,
    pub(crate) admin: DatabaseConnection,
}

impl Office {
    pub(crate) async fn new() -> Self {
        Self::on(Cluster::shared().await.expect("a PostgreSQL")).await
    }

    /// The same on a certain server.
    pub(crate) async fn on(cluster: &Cluster) -> Self {
        let database = cluster.empty_database().await.expect("a database");
        let admin = database.admin().await.expect("a superuser's connection");
        CatalogMigrator::default().up(&admin).await.expect("a catalog");
        execute(
            &admin,
            "INSERT INTO tenancy_catalog.placements (name, kind) VALUES ('eu', 'shared'), ('own', 'dedicated')",
        )
        .await;
        Self { database, admin }
    }

    /// An organisation, by a number, which is its name too.
    pub(crate) async fn organization(&self, number: u128, status: &str, placement: &str) {
        let id = tenant(number);
        let sql = format!(
            "INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
             VALUES ('{id}', 'n{number}', 'small', '{status}', '{placement}')"
        );
        execute(&self.admin, &sql).await;
    }

    /// As a program reads it.
    pub(crate) fn reader(&self) -> PostgresCatalog {
        PostgresCatalog::new(&self.database.url("tenancy_router")).expect("a URL")
    }

    pub(crate) async fn editor(&self) -> CatalogEditor {
        CatalogEditor::connect(&self.database.superuser_url().parse().expect("a URL")).await.expect("connected")
    }
}

/// The organisation of a number.
pub(crate) fn tenant(number: u128) -> tenant_core::TenantId {
    tenant_core::TenantId::new(uuid::Uuid::from_u128(number))
}
