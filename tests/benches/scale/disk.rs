//! What a placement and an organisation take on disk before they hold anything.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tenant_core::Registry;
use tenant_migration::TenantMigrator;
use tenant_testkit::Cluster;

// A model counts only when its crate is linked.
use entities as _;

use crate::Failure;

const ORGANISATIONS: i64 = 100_000;

pub(crate) async fn measure() -> Result<(), Failure> {
    let cluster = Cluster::builder().start().await?;
    let database = cluster.empty_database().await?;
    let admin = database.admin().await?;
    let empty = number(&admin, "SELECT pg_database_size(current_database())").await?;
    TenantMigrator::new(&Registry::collect()?)?.up(&admin, None).await?;
    let migrated = number(&admin, "SELECT pg_database_size(current_database())").await?;
    println!(
        "an empty database: {} KiB; with the sample's tables and schema tenancy: {} KiB",
        empty / 1024,
        migrated / 1024
    );
    let fill = format!(
        "INSERT INTO organizations (id, name) SELECT gen_random_uuid(), 'Organisation ' || n FROM generate_series(1, {ORGANISATIONS}) n"
    );
    admin.execute_unprepared(&fill).await?;
    admin.execute_unprepared("VACUUM ANALYZE organizations").await?;
    let bytes = number(&admin, "SELECT pg_total_relation_size('organizations')").await?;
    println!(
        "an organisation in a shared database, with its key's index: {} bytes, of {ORGANISATIONS}",
        bytes / ORGANISATIONS
    );
    Ok(())
}

async fn number(db: &DatabaseConnection, sql: &str) -> Result<i64, Failure> {
    let row = db.query_one_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql)).await?;
    Ok(row.ok_or("no row")?.try_get_by_index(0)?)
}
