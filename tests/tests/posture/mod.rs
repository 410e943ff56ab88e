//! Databases whose posture is recorded, with more in them than the sample's tables.

use sqlx::{Connection, PgConnection};
use tenant_core::posture::Posture;
use tenant_core::{DatabaseError, PreflightError, Registry, TenantDatabase};
use tenant_migration::TenantMigrator;
use tenant_testkit::{Cluster, Database};

use crate::support::{application_role, execute};

/// A migrated database with a view, a trigger and a partitioned table of the application's own, recorded with them.
pub(crate) async fn recorded() -> Database {
    let cluster = Cluster::shared().await.expect("a PostgreSQL");
    let template = cluster
        .template("the sample and more, recorded", async |url| {
            let admin = sea_orm::Database::connect(url).await?;
            let migrator = migrator();
            migrator.up(&admin, None).await?;
            execute(&admin, include_str!("setup.sql")).await;
            migrator.up(&admin, None).await?;
            admin.close().await
        })
        .await
        .expect("a migrated template");
    template.database().await.expect("a clone")
}

/// The sample's, under a name.
pub(crate) fn migrator() -> TenantMigrator {
    let registry = Registry::collect().expect("the sample's models");
    TenantMigrator::builder(&registry).program("sample 1.2.3").build().expect("a plan")
}

/// A start as the application's role.
pub(crate) async fn start(database: &Database) -> Result<TenantDatabase, DatabaseError> {
    TenantDatabase::builder(database.url(&application_role())).build().await
}

/// What the preflight says.
pub(crate) async fn refusal(database: &Database) -> PreflightError {
    match start(database).await {
        Ok(_) => panic!("started"),
        Err(DatabaseError::Preflight(refusal)) => refusal,
        Err(other) => panic!("another error: {other}"),
    }
}

/// The posture as a superuser's session sees it, after `settings`.
pub(crate) async fn posture(database: &Database, settings: &str) -> Posture {
    posture_at(&database.superuser_url(), settings).await
}

/// The same at a URL.
pub(crate) async fn posture_at(url: &str, settings: &str) -> Posture {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    sqlx::raw_sql(sqlx::AssertSqlSafe(settings.to_owned())).execute(&mut connection).await.expect(settings);
    let mut transaction = connection.begin().await.expect("a transaction");
    Posture::of(&mut transaction).await.expect("a posture")
}
