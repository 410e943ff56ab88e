//! A database is taken back: the application's migrations and the framework's runs, the last one first.

use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration::MigratorTraitSelf;

use crate::application::Kind;
use crate::deploy::Deploy;
use crate::error::MigrationError;
use crate::journal;
use crate::known;
use crate::migrator::{TenantMigrator, count};
use crate::records::{self, Need};
use crate::step::Step;

impl TenantMigrator {
    pub(crate) async fn take_down(
        &self,
        deploy: &mut Deploy<'_>,
        db: &DatabaseConnection,
        num: Option<u32>,
    ) -> Result<(), DbErr> {
        records::check(&mut deploy.connection, Need::Complete).await?;
        deploy.act_as_owner(self.roles()).await?;
        let mut left = num;
        self.take_back_own(db, Kind::Data, &mut left).await?;
        self.take_back_runs(deploy, &mut left).await?;
        self.take_back_own(db, Kind::Structure, &mut left).await?;
        if left != Some(0) {
            self.take_back_foundation(deploy).await?;
        }
        Ok(self.record.write(&mut deploy.connection, self.roles()).await?)
    }

    async fn take_back_own(&self, db: &DatabaseConnection, kind: Kind, left: &mut Option<u32>) -> Result<(), DbErr> {
        let own = self.own(kind);
        let applied = own.get_applied_migrations_read_only(db).await?;
        let applied = applied.iter().filter(|known| own.is_ours(known.name())).count();
        if applied > 0 && *left != Some(0) {
            own.down(db, *left).await?;
        }
        count(left, applied);
        Ok(())
    }

    async fn take_back_runs(&self, deploy: &mut Deploy<'_>, left: &mut Option<u32>) -> Result<(), MigrationError> {
        if !known::exists(&mut deploy.connection).await.map_err(MigrationError::Look)? {
            return Ok(());
        }
        for run in journal::runs(&mut deploy.connection).await.map_err(MigrationError::Journal)? {
            if *left == Some(0) {
                break;
            }
            let undoings = journal::undoing(&mut deploy.connection, run).await.map_err(MigrationError::Journal)?;
            for undoing in &undoings {
                self.executor(deploy).take_back(undoing).await?;
            }
            journal::forget_run(&mut deploy.connection, run).await.map_err(MigrationError::Journal)?;
            // One that was ended before its first change, or when all of it was taken back, is no step.
            count(left, usize::from(!undoings.is_empty()));
        }
        known::forget(&mut deploy.connection, known::TABLE).await.map_err(MigrationError::Journal)
    }

    async fn take_back_foundation(&self, deploy: &mut Deploy<'_>) -> Result<(), MigrationError> {
        let mut change = self.desired.foundation();
        change.steps = change.steps.into_iter().rev().filter_map(Step::undone).collect();
        self.executor(deploy).make(&change, None).await
    }
}
