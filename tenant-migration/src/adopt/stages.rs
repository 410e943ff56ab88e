//! The stages, one after the other.

use sea_orm::{DatabaseConnection, DbErr};
use sqlx::postgres::PgConnection;

use super::adoption::Adoption;
use super::backfill::Backfill;
use super::plan::AdoptionPlan;
use super::problem::AdoptionProblems;
use super::seen::Seen;
use super::{backfill, check, filling, lent, observation, ownership, trial};
use crate::change::Change;
use crate::diff::Part;
use crate::error::MigrationError;
use crate::foundation;
use crate::journal::{self, Run};
use crate::migrator::{TenantMigrator, connection};
use crate::operator;
use crate::reconcile::{self, Allowed};

/// How often what is left is looked for: a new object can take its name only when the old one is gone.
const ROUNDS: u32 = 4;

impl TenantMigrator {
    /// What [`TenantMigrator::adopt`] is about to do. Nothing is done; each row is looked at.
    ///
    /// # Errors
    /// As [`TenantMigrator::adopt`].
    pub async fn plan_adoption(&self, db: &DatabaseConnection, adoption: &Adoption) -> Result<AdoptionPlan, DbErr> {
        operator::check(db, self.roles()).await?;
        Ok(trial::plan(&mut connection(db).await?, &self.desired, adoption, self.rewrites).await?)
    }

    /// Gives an existing, live database its tenants, while the programs that know none go on working on it.
    ///
    /// At its end such programs are observed: row-level security is on, and lets them through, and the server's log names
    /// each of their statements (`without a tenant: role … on table …`). With [`Adoption::enforce`] they see no row any
    /// more, and `up` finds nothing to do. A run that was ended is gone on with by the next.
    ///
    /// # Errors
    /// [`MigrationError`] as [`DbErr::Migration`]: all that stands in the way, before the first change; or what the
    /// database said later on, after which the same call goes on.
    pub async fn adopt(&self, db: &DatabaseConnection, adoption: &Adoption) -> Result<(), DbErr> {
        operator::check(db, self.roles()).await?;
        let mut connection = connection(db).await?;
        let work = Work { migrator: self, connection: &mut connection, adoption, run: None };
        Ok(work.all().await?)
    }
}

struct Work<'a> {
    migrator: &'a TenantMigrator,
    connection: &'a mut PgConnection,
    adoption: &'a Adoption,
    /// Begun with the first change.
    run: Option<Run>,
}

impl<'a> Work<'a> {
    async fn all(mut self) -> Result<(), MigrationError> {
        let plan = trial::plan(self.connection, &self.migrator.desired, self.adoption, self.migrator.rewrites).await?;
        for note in plan.notes() {
            tracing::info!("{note}");
        }
        self.own().await?;
        self.fill().await?;
        self.make_part(Part::Beside).await?;
        self.observe().await?;
        if self.adoption.enforcing {
            self.enforce().await?;
        }
        if let Some(run) = self.run {
            journal::end(self.connection, run).await.map_err(MigrationError::Journal)?;
        }
        Ok(())
    }

    async fn see(&mut self) -> Result<Seen<'a>, MigrationError> {
        Seen::read(self.connection, &self.migrator.desired, self.adoption).await.map_err(MigrationError::Look)
    }

    async fn make(&mut self, change: &Change) -> Result<(), MigrationError> {
        let run = match self.run {
            Some(run) => run,
            None => journal::begin(self.connection).await.map_err(MigrationError::Journal)?,
        };
        self.run = Some(run);
        tracing::info!("{}", change.name());
        self.migrator.executor(self.connection).make(change, Some(run)).await
    }

    /// Makes what is no part of a run: it is taken back in another way, or not at all.
    async fn make_unrecorded(&mut self, change: &Change) -> Result<(), MigrationError> {
        tracing::info!("{}", change.name());
        self.migrator.executor(self.connection).make(change, None).await
    }

    /// The foundation is as it should, with what was lent.
    async fn record_foundation(&mut self) -> Result<(), MigrationError> {
        foundation::record(self.connection, &self.migrator.desired).await.map_err(MigrationError::Journal)
    }

    async fn own(&mut self) -> Result<(), MigrationError> {
        let seen = self.see().await?;
        if !seen.foundation.current {
            self.make_unrecorded(&ownership::foundation(&self.migrator.desired, &seen)).await?;
            self.record_foundation().await?;
        }
        for change in ownership::changes(&self.migrator.desired, &seen) {
            self.make(&change).await?;
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<(), MigrationError> {
        let seen = self.see().await?;
        let owner = &self.migrator.desired.roles.owner;
        let problems = check::as_owner(self.connection, &seen.rules, owner).await.map_err(MigrationError::Look)?;
        refuse(problems)?;
        let rules = seen.rules.clone().with_columns();
        for ruled in seen.rules.open() {
            let (change, lasting) = filling::change(&rules, ruled, &seen.triggers);
            match lasting {
                true => self.make(&change).await?,
                false => self.make_unrecorded(&change).await?,
            }
        }
        // The functions are part of what is compared.
        self.record_foundation().await?;
        for ruled in rules.open() {
            let (adoption, silently) = (self.adoption, seen.silently);
            let patience = self.migrator.executor(self.connection).patience.in_all();
            let backfill = Backfill { rules: &rules, ruled, adoption, owner, patience, silently };
            tracing::info!("{}", backfill::describe(ruled));
            backfill.run(self.connection, &seen.parts(ruled)).await?;
        }
        refuse(check::rows(self.connection, &rules).await.map_err(MigrationError::Look)?)
    }

    async fn make_part(&mut self, part: Part) -> Result<(), MigrationError> {
        let allowed = Allowed { rewrites: self.migrator.rewrites, taking_over: true, part };
        let plan = reconcile::plan(self.connection, &self.migrator.desired, allowed).await?;
        for change in plan.changes() {
            self.make(change).await?;
        }
        Ok(())
    }

    async fn observe(&mut self) -> Result<(), MigrationError> {
        let seen = self.see().await?;
        let changes = observation::changes(&seen, &self.migrator.desired.roles);
        for change in &changes {
            self.make(change).await?;
        }
        if !changes.is_empty() {
            self.record_foundation().await?;
        }
        self.make_part(Part::Walls).await
    }

    async fn enforce(&mut self) -> Result<(), MigrationError> {
        let desired = &self.migrator.desired;
        let allowed = Allowed { rewrites: self.migrator.rewrites, taking_over: true, part: Part::All };
        let mut done = false;
        for _ in 0..ROUNDS {
            let plan = reconcile::plan(self.connection, desired, allowed).await?;
            done = plan.is_empty();
            if done {
                break;
            }
            for change in plan.changes() {
                self.make(change).await?;
            }
        }
        for table in self.see().await?.triggers {
            self.make(&filling::removal(&table)).await?;
        }
        if let Some(change) = lent::taking_back(self.connection).await.map_err(MigrationError::Journal)? {
            self.make_unrecorded(&change).await?;
        }
        // Else `up` looks closely, and goes on.
        if done {
            reconcile::record(self.connection, desired).await.map_err(MigrationError::Journal)?;
        }
        self.record_foundation().await
    }
}

fn refuse(problems: Vec<super::problem::AdoptionProblem>) -> Result<(), MigrationError> {
    if problems.is_empty() { Ok(()) } else { Err(MigrationError::Adoption(AdoptionProblems(problems))) }
}
