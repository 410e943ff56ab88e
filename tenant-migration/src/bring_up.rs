//! A database is brought to what is wanted: foundation, the application's migrations, what differs.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::MigratorTraitSelf;
use sqlx::postgres::PgConnection;

use crate::access_log;
use crate::application::Kind;
use crate::change::Change;
use crate::contention::is_contention;
use crate::deploy::Deploy;
use crate::error::MigrationError;
use crate::foundation;
use crate::journal;
use crate::migrator::TenantMigrator;
use crate::plan::Plan;
use crate::progress::Event;
use crate::reconcile::{self, Allowed};
use crate::tenancy;

/// How often differences are made good before a run ends. What is made at once can stand in the way of a name, which the
/// next look finds free.
const ROUNDS: u8 = 3;

impl TenantMigrator {
    pub(crate) async fn bring_up(
        &self,
        deploy: &mut Deploy<'_>,
        db: &DatabaseConnection,
        num: Option<u32>,
    ) -> Result<Vec<String>, DbErr> {
        let mut done = self.lay_foundation(deploy).await?;
        deploy.act_as_owner(self.roles()).await?;
        let mut left = num;
        done.extend(self.run_own(deploy, db, Kind::Structure, &mut left).await?);
        if left != Some(0) {
            let changes = self.reconcile(deploy, self.allowed()).await?;
            if !changes.is_empty() {
                count(&mut left, 1);
            }
            done.extend(changes);
            done.extend(self.run_own(deploy, db, Kind::Data, &mut left).await?);
        }
        self.record.write(&mut deploy.connection, self.roles()).await?;
        Ok(done)
    }

    pub(crate) async fn look(&self, connection: &mut PgConnection, allowed: Allowed) -> Result<Plan, MigrationError> {
        let begun = Instant::now();
        loop {
            let plan = reconcile::plan(connection, &self.desired, allowed).await;
            match plan.as_ref().err().and_then(|error| self.pause_after(error, begun)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return plan,
            }
        }
    }

    /// How long to wait for the next look after one that ended so; `None` where it makes no difference, or when the
    /// patience ends. Even to look at a table takes a lock that somebody may hold back.
    pub(crate) fn pause_after(&self, error: &MigrationError, begun: Instant) -> Option<Duration> {
        let contended = matches!(error, MigrationError::Look(error) if is_contention(error));
        let pause = self.patience.pause();
        (contended && begun.elapsed() + pause < self.patience.end()).then_some(pause)
    }

    async fn lay_foundation(&self, deploy: &mut Deploy<'_>) -> Result<Vec<String>, MigrationError> {
        let found = foundation::look(&mut deploy.connection, &self.desired, access_log::AHEAD)
            .await
            .map_err(MigrationError::Look)?;
        if found.current {
            return self.prepare_months(deploy, &found.missing_months).await;
        }
        let change = foundation::change(&self.desired, &found.retired);
        deploy.before_change().await?;
        self.executor(deploy).make(&change, None).await?;
        deploy.act_as_owner(self.roles()).await?;
        foundation::record(&mut deploy.connection, &self.desired).await.map_err(MigrationError::Journal)?;
        deploy.after_change(self.roles()).await?;
        Ok(vec![change.name])
    }

    async fn prepare_months(&self, deploy: &mut Deploy<'_>, missing: &[String]) -> Result<Vec<String>, MigrationError> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let change = access_log::preparation(missing, access_log::AHEAD);
        deploy.before_change().await?;
        self.executor(deploy).make(&change, None).await?;
        deploy.after_change(self.roles()).await?;
        Ok(vec![change.name])
    }

    pub(crate) fn allowed(&self) -> Allowed {
        Allowed { rewrites: self.rewrites, ..Allowed::default() }
    }

    /// Makes changes of a run, one after the other.
    pub(crate) async fn make(&self, deploy: &mut Deploy<'_>, changes: &[Change]) -> Result<(), MigrationError> {
        if changes.is_empty() {
            return Ok(());
        }
        let run = journal::begin(&mut deploy.connection).await.map_err(MigrationError::Journal)?;
        for change in changes {
            deploy.before_change().await?;
            self.executor(deploy).make(change, Some(run)).await?;
            deploy.after_change(self.roles()).await?;
        }
        Ok(())
    }

    /// Makes what differs, and names it.
    pub(crate) async fn reconcile(
        &self,
        deploy: &mut Deploy<'_>,
        allowed: Allowed,
    ) -> Result<Vec<String>, MigrationError> {
        let mut plan = self.look(&mut deploy.connection, allowed).await?;
        for text in plan.notes() {
            self.observer.notice(&Event::Note { text });
        }
        let mut done = Vec::new();
        for _ in 0..ROUNDS {
            if plan.is_empty() {
                break;
            }
            self.make(deploy, plan.changes()).await?;
            done.extend(plan.names().map(str::to_owned));
            plan = self.look(&mut deploy.connection, allowed).await?;
        }
        if !plan.is_empty() {
            return Err(MigrationError::Unsettled { changes: plan.names().collect::<Vec<_>>().join("; ") });
        }
        // One that was killed after its last change has nothing left to do.
        journal::end(&mut deploy.connection).await.map_err(MigrationError::Journal)?;
        if !plan.known {
            reconcile::record(&mut deploy.connection, &self.desired).await.map_err(MigrationError::Journal)?;
        }
        Ok(done)
    }

    /// Runs the application's migrations of a kind, counts and names them.
    async fn run_own(
        &self,
        deploy: &mut Deploy<'_>,
        db: &DatabaseConnection,
        kind: Kind,
        left: &mut Option<u32>,
    ) -> Result<Vec<String>, DbErr> {
        let own = self.own(kind);
        own.install(db).await.map_err(MigrationError::OwnRecord)?;
        self.close_record(db).await?;
        let pending = own.get_pending_migrations(db).await?;
        let most = left.map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        let names: Vec<String> = pending.iter().take(most).map(|known| known.name().to_owned()).collect();
        if !names.is_empty() {
            deploy.before_change().await?;
            let ran = own.up(db, *left).await;
            // Those before one that failed are done.
            let followed = deploy.after_change(self.roles()).await;
            ran?;
            followed?;
        }
        count(left, names.len());
        Ok(names)
    }

    /// SeaORM's record belongs to the owner, and only to it.
    async fn close_record(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        db.execute_unprepared(&tenancy::close_record(self.roles())).await.map(drop)
    }
}

/// Takes what was done off what is left.
pub(crate) fn count(left: &mut Option<u32>, done: usize) {
    if let Some(left) = left {
        *left = left.saturating_sub(u32::try_from(done).unwrap_or(u32::MAX));
    }
}
