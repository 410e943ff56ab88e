//! A planned migration, and an application's own, as SeaORM runs them.

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::error::MigrationError;
use crate::plan::{Migration, Plan};
use crate::role_names::RoleNames;
use crate::session;
use crate::step::{Actor, Step};

/// One migration of the plan. SeaORM runs it in a transaction, in which it also records it.
pub(crate) struct Planned {
    pub(crate) plan: Arc<Plan>,
    pub(crate) position: usize,
}

impl Planned {
    fn migration(&self) -> &Migration {
        &self.plan.migrations()[self.position]
    }

    async fn run<'a>(
        &'a self,
        manager: &SchemaManager<'_>,
        steps: impl Iterator<Item = (&'a Step, &'a str)> + Send,
    ) -> Result<(), MigrationError> {
        let migration = &self.migration().name;
        let rights = Rights { manager, roles: self.plan.roles(), migration };
        rights.execute(session::PREPARE).await?;
        let mut actor = Actor::Operator;
        for (step, sql) in steps {
            if step.actor != actor {
                actor = step.actor;
                rights.take(actor).await?;
            }
            let done = manager.get_connection().execute_unprepared(sql).await;
            done.map_err(|source| MigrationError::Step {
                migration: migration.clone(),
                step: step.reason.clone(),
                source,
            })?;
        }
        // SeaORM writes its record with the rights of the connected role.
        rights.take(Actor::Operator).await
    }
}

impl MigrationName for Planned {
    fn name(&self) -> &str {
        self.migration().name()
    }
}

#[async_trait]
impl MigrationTrait for Planned {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let steps = self.migration().steps.iter().map(|step| (step, step.up()));
        Ok(self.run(manager, steps).await?)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let steps = self.migration().steps.iter().rev().filter_map(|step| Some((step, step.down()?)));
        Ok(self.run(manager, steps).await?)
    }
}

/// An application's own migration, run with the owner's rights so that what it makes belongs to the owner.
///
/// One that refuses a transaction runs with the connected role's rights: `SET LOCAL` has no meaning there.
pub(crate) struct Application {
    pub(crate) migration: Box<dyn MigrationTrait>,
    pub(crate) roles: RoleNames,
}

impl Application {
    fn rights<'a>(&'a self, manager: &'a SchemaManager<'a>) -> Rights<'a> {
        Rights { manager, roles: &self.roles, migration: self.migration.name() }
    }

    async fn begin(&self, manager: &SchemaManager<'_>) -> Result<(), MigrationError> {
        if self.migration.use_transaction() == Some(false) {
            return Ok(());
        }
        let rights = self.rights(manager);
        rights.execute(session::PREPARE).await?;
        rights.take(Actor::Owner).await
    }

    async fn end(&self, manager: &SchemaManager<'_>) -> Result<(), MigrationError> {
        if self.migration.use_transaction() == Some(false) {
            return Ok(());
        }
        self.rights(manager).take(Actor::Operator).await
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
        self.migration.up(manager).await?;
        Ok(self.end(manager).await?)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.begin(manager).await?;
        self.migration.down(manager).await?;
        Ok(self.end(manager).await?)
    }

    fn use_transaction(&self) -> Option<bool> {
        self.migration.use_transaction()
    }
}

/// The rights within one migration's transaction.
struct Rights<'a> {
    manager: &'a SchemaManager<'a>,
    roles: &'a RoleNames,
    migration: &'a str,
}

impl Rights<'_> {
    async fn take(&self, actor: Actor) -> Result<(), MigrationError> {
        self.execute(&session::act_as(actor, self.roles)).await
    }

    async fn execute(&self, sql: &str) -> Result<(), MigrationError> {
        let done = self.manager.get_connection().execute_unprepared(sql).await;
        done.map(drop).map_err(|source| MigrationError::Rights { migration: self.migration.to_owned(), source })
    }
}
