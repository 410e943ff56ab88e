//! The sample's migrations.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use tenant_core::{Registry, RegistryError};
use tenant_migration::{PlanError, TenantMigrator};

// A model counts only when its crate is linked.
use entities as _;

/// What a deploy leaves as its name, for programs that find another's schema.
const PROGRAM: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// Why the sample's migrations could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleMigratorError {
    /// The models contradict one another.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A model's table can't be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Brings a database to what the sample's models say, with the rows that all organisations share.
///
/// # Errors
/// [`SampleMigratorError`] when the models can't become tables.
pub fn migrator() -> Result<TenantMigrator, SampleMigratorError> {
    Ok(TenantMigrator::builder(&Registry::collect()?).program(PROGRAM).data(|| vec![Box::new(Targets)]).build()?)
}

/// Shared rows are deploy-time data: tenants can't write them.
struct Targets;

impl MigrationName for Targets {
    fn name(&self) -> &str {
        "m20260101_000001_targets"
    }
}

#[async_trait]
impl MigrationTrait for Targets {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "INSERT INTO public.targets (code, name) VALUES ('CDK2', 'Cyclin-dependent kinase 2')";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DELETE FROM public.targets WHERE code = 'CDK2'").await.map(drop)
    }
}
