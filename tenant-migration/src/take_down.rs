//! A database is taken back: the application's migrations and the framework's runs, the last one first.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::MigratorTraitSelf;

use crate::adopt;
use crate::application::{Kind, Own};
use crate::bring_up::count;
use crate::deploy::Deploy;
use crate::error::MigrationError;
use crate::journal;
use crate::known;
use crate::migrator::TenantMigrator;
use crate::progress::Event;
use crate::records::{self, Need};
use crate::step::Step;

impl TenantMigrator {
    /// Drops the registry's tables and all of the current schema.
    pub(crate) async fn drop_all(&self, deploy: &mut Deploy<'_>, db: &DatabaseConnection) -> Result<(), DbErr> {
        records::check(&mut deploy.connection, Need::Complete).await?;
        deploy.act_as_owner(self.roles()).await?;
        let recorded = known::exists(&mut deploy.connection).await.map_err(MigrationError::Look)?;
        if recorded {
            // Rights in the database and on functions go with no table, and the record of them is dropped too.
            let lent = adopt::taking_back(&mut deploy.connection).await.map_err(MigrationError::Journal)?;
            if let Some(change) = lent {
                self.executor(deploy).make(&change, None).await?;
            }
        }
        db.execute_unprepared(&self.drop_tables()).await?;
        let none = Own { structure: Vec::new, data: Vec::new, ..self.own(Kind::Structure) };
        none.fresh(db).await?;
        if recorded {
            journal::forget_all(&mut deploy.connection).await.map_err(MigrationError::Journal)?;
        }
        Ok(())
    }

    /// One text that drops every table of the registry, whatever refers to it, what logs its writes, and SeaORM's record: should
    /// the run end here, `up` begins anew.
    fn drop_tables(&self) -> String {
        let tables = self.desired.tables.iter().map(|table| table.name().to_string()).collect::<Vec<_>>().join(", ");
        let audits = self.desired.tables.iter().filter_map(|table| table.audit());
        let functions: String = audits.map(|audit| format!("; {}", audit.removal().trim_end_matches(';'))).collect();
        format!("DROP TABLE IF EXISTS {tables}, seaql_migrations CASCADE{functions}")
    }

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
        let applied = self.applied(db, kind).await?;
        if applied > 0 && *left != Some(0) {
            self.own(kind).down(db, *left).await?;
        }
        count(left, applied);
        Ok(())
    }

    /// How many of the application's migrations of a kind were applied.
    pub(crate) async fn applied(&self, db: &DatabaseConnection, kind: Kind) -> Result<usize, DbErr> {
        let own = self.own(kind);
        let applied = own.get_applied_migrations_read_only(db).await?;
        Ok(applied.iter().filter(|known| own.is_ours(known.name())).count())
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

    /// While old programs hold what an adoption lent them it stays: its record alone tells the next adoption what to take
    /// from them at its end.
    async fn take_back_foundation(&self, deploy: &mut Deploy<'_>) -> Result<(), MigrationError> {
        let connection = &mut deploy.connection;
        if known::exists(connection).await.map_err(MigrationError::Look)? {
            let lent = known::of_kind(connection, known::LENT).await.map_err(MigrationError::Journal)?;
            if !lent.is_empty() {
                let text = "kept: the schema tenancy, which says what `migrate adopt` lent to the roles of old programs, and is \
                            to take back at its end; DROP SCHEMA tenancy CASCADE if the database is not to be adopted again";
                self.observer.notice(&Event::Note { text });
                return Ok(());
            }
        }
        let mut change = self.desired.foundation();
        change.steps = change.steps.into_iter().rev().filter_map(Step::undone).collect();
        self.executor(deploy).make(&change, None).await
    }
}
