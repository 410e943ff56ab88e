//! An application's own migration, as SeaORM runs it.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{Migration, MigrationName, MigrationStatus, MigrationTrait, MigratorTraitSelf, SchemaManager};

use crate::error::MigrationError;
use crate::migrator::ApplicationMigrations;
use crate::role_names::RoleNames;
use crate::session::{self, Scope};
use crate::step::Actor;

/// The application's migrations of one kind, with SeaORM's commands. Its record holds those of the other kind too.
pub(crate) struct Own<'a> {
    pub(crate) structure: ApplicationMigrations,
    pub(crate) data: ApplicationMigrations,
    /// Those of this kind are run.
    pub(crate) kind: Kind,
    pub(crate) roles: &'a RoleNames,
}

/// When an application's migrations run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Before the tables are made.
    Structure,
    /// After that.
    Data,
}

impl Own<'_> {
    pub(crate) fn is_ours(&self, name: &str) -> bool {
        let list = match self.kind {
            Kind::Structure => (self.structure)(),
            Kind::Data => (self.data)(),
        };
        list.iter().any(|migration| migration.name() == name)
    }

    async fn of_kind<C: ConnectionTrait>(&self, db: &C, wanted: MigrationStatus) -> Result<Vec<Migration>, DbErr> {
        let all = self.get_migration_with_status(db).await?;
        Ok(all.into_iter().filter(|known| known.status() == wanted && self.is_ours(known.name())).collect())
    }
}

#[async_trait]
impl MigratorTraitSelf for Own<'_> {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        let own =
            |migration| -> Box<dyn MigrationTrait> { Box::new(Application { migration, roles: self.roles.clone() }) };
        (self.structure)().into_iter().chain((self.data)()).map(own).collect()
    }

    async fn get_pending_migrations<C: ConnectionTrait>(&self, db: &C) -> Result<Vec<Migration>, DbErr> {
        self.of_kind(db, MigrationStatus::Pending).await
    }

    async fn get_applied_migrations<C: ConnectionTrait>(&self, db: &C) -> Result<Vec<Migration>, DbErr> {
        self.of_kind(db, MigrationStatus::Applied).await
    }
}

/// One of them, run with the owner's rights so that what it makes belongs to the owner. So is SeaORM's record of it, which it
/// writes in the same transaction.
///
/// One that refuses a transaction runs with the connected role's rights: `SET LOCAL` has no meaning there.
struct Application {
    migration: Box<dyn MigrationTrait>,
    roles: RoleNames,
}

impl Application {
    async fn begin(&self, manager: &SchemaManager<'_>) -> Result<(), MigrationError> {
        if self.migration.use_transaction() == Some(false) {
            return Ok(());
        }
        self.execute(manager, session::PREPARE).await?;
        self.execute(manager, &session::act_as(Actor::Owner, &self.roles, Scope::Transaction)).await
    }

    async fn execute(&self, manager: &SchemaManager<'_>, sql: &str) -> Result<(), MigrationError> {
        let done = manager.get_connection().execute_unprepared(sql).await;
        done.map(drop).map_err(|source| MigrationError::Rights { migration: self.migration.name().to_owned(), source })
    }
}

impl MigrationName for Application {
    fn name(&self) -> &str {
        self.migration.name()
    }
}

#[async_trait]
impl MigrationTrait for Application {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.begin(manager).await?;
        self.migration.up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.begin(manager).await?;
        self.migration.down(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        self.migration.use_transaction()
    }
}
