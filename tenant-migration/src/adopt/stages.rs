//! The stages, one after the other.

use std::time::Instant;

use sea_orm::{DatabaseConnection, DbErr};
use sqlx::postgres::Postgres;
use sqlx::{AssertSqlSafe, Connection, Transaction};

use super::adoption::Adoption;
use super::backfill::Backfill;
use super::plan::AdoptionPlan;
use super::problem::{AdoptionProblem, AdoptionProblems};
use super::seen::Seen;
use super::{check, filling, lent, observation, ownership, trial};
use crate::application::Kind;
use crate::change::Change;
use crate::deploy::Deploy;
use crate::diff::Part;
use crate::error::MigrationError;
use crate::foundation;
use crate::journal;
use crate::migrator::TenantMigrator;
use crate::progress::Event;
use crate::reconcile::Allowed;
use crate::session::{self, Scope};
use crate::step::Actor;

impl TenantMigrator {
    /// What [`TenantMigrator::adopt`] is about to do. Nothing is done; each row is looked at.
    ///
    /// # Errors
    /// As [`TenantMigrator::adopt`].
    pub async fn plan_adoption(&self, db: &DatabaseConnection, adoption: &Adoption) -> Result<AdoptionPlan, DbErr> {
        let mut deploy = self.begin(db).await?;
        let plan = self.try_out(&mut deploy, adoption).await;
        deploy.end().await;
        Ok(plan?)
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
        let mut deploy = self.begin(db).await?;
        let done = match (Work { migrator: self, deploy: &mut deploy, adoption }).all().await {
            Ok(()) => self.tell_way_back(&mut deploy, db).await,
            Err(error) => Err(error.into()),
        };
        deploy.end().await;
        done
    }

    /// How many steps `down` takes to where the adoption began: it takes the application's migrations of data first.
    async fn tell_way_back(&self, deploy: &mut Deploy<'_>, db: &DatabaseConnection) -> Result<(), DbErr> {
        let marks = [filling::TRIGGER, observation::FILLING];
        let runs = journal::runs_since(&mut deploy.connection, marks).await.map_err(MigrationError::Journal)?;
        if runs > 0 {
            let steps = runs + self.applied(db, Kind::Data).await?;
            let text = format!("`migrate down -n {steps}` takes the adoption back");
            self.observer.notice(&Event::Note { text: &text });
        }
        Ok(())
    }

    async fn try_out(&self, deploy: &mut Deploy<'_>, adoption: &Adoption) -> Result<AdoptionPlan, MigrationError> {
        let begun = Instant::now();
        loop {
            let plan = trial::plan(&mut deploy.connection, &self.desired, adoption, self.rewrites).await;
            match plan.as_ref().err().and_then(|error| self.pause_after(error, begun)) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return plan,
            }
        }
    }
}

struct Work<'a, 'd> {
    migrator: &'a TenantMigrator,
    deploy: &'a mut Deploy<'d>,
    adoption: &'a Adoption,
}

impl<'a> Work<'a, '_> {
    async fn all(mut self) -> Result<(), MigrationError> {
        let (migrator, adoption) = (self.migrator, self.adoption);
        let plan = migrator.try_out(self.deploy, adoption).await?;
        for text in plan.notes() {
            migrator.observer.notice(&Event::Note { text });
        }
        self.own().await?;
        self.fill().await?;
        self.make_part(Part::Beside).await?;
        self.observe().await?;
        if adoption.enforcing {
            self.enforce().await?;
        }
        journal::end(&mut self.deploy.connection).await.map_err(MigrationError::Journal)?;
        migrator.record.write(&mut self.deploy.connection, migrator.roles()).await
    }

    /// A transaction to look in, with the rights of the connected role: the owner may not see all rows.
    async fn aside(&mut self) -> Result<Transaction<'_, Postgres>, MigrationError> {
        let act = session::act_as(Actor::Operator, self.migrator.roles(), Scope::Transaction);
        let mut aside = self.deploy.connection.begin().await.map_err(MigrationError::Look)?;
        sqlx::raw_sql(AssertSqlSafe(act)).execute(&mut *aside).await.map_err(MigrationError::Look)?;
        Ok(aside)
    }

    async fn see(&mut self) -> Result<Seen<'a>, MigrationError> {
        let (migrator, adoption) = (self.migrator, self.adoption);
        let mut aside = self.aside().await?;
        let seen = Seen::read(&mut aside, &migrator.desired, adoption).await.map_err(MigrationError::Look)?;
        aside.rollback().await.map_err(MigrationError::Look)?;
        Ok(seen)
    }

    /// Makes what is no part of a run: it is taken back in another way, or not at all.
    async fn make_unrecorded(&mut self, change: &Change) -> Result<(), MigrationError> {
        self.migrator.executor(self.deploy).make(change, None).await
    }

    /// The foundation is as it should, with what was lent.
    async fn record_foundation(&mut self) -> Result<(), MigrationError> {
        let connection = &mut self.deploy.connection;
        foundation::record(connection, &self.migrator.desired).await.map_err(MigrationError::Journal)
    }

    async fn own(&mut self) -> Result<(), MigrationError> {
        let seen = self.see().await?;
        if !seen.foundation.current {
            self.make_unrecorded(&ownership::foundation(&self.migrator.desired, &seen)).await?;
        }
        self.deploy.act_as_owner(self.migrator.roles()).await?;
        if !seen.foundation.current {
            self.record_foundation().await?;
        }
        self.migrator.make(self.deploy, &ownership::changes(&self.migrator.desired, &seen)).await
    }

    async fn fill(&mut self) -> Result<(), MigrationError> {
        let seen = self.see().await?;
        let roles = self.migrator.roles();
        let problems = check::as_owner(&mut self.deploy.connection, &seen.rules, &roles.owner).await;
        refuse(problems.map_err(MigrationError::Look)?)?;
        let rules = seen.rules.clone().with_columns();
        for ruled in seen.rules.open() {
            let (change, lasting) = filling::change(&rules, ruled, &seen.triggers);
            match lasting {
                true => self.migrator.make(self.deploy, &[change]).await?,
                false => self.make_unrecorded(&change).await?,
            }
        }
        // The functions are part of what is compared.
        self.record_foundation().await?;
        for ruled in rules.open() {
            let backfill = Backfill {
                rules: &rules,
                ruled,
                adoption: self.adoption,
                roles,
                observer: &*self.migrator.observer,
                patience: self.migrator.patience.end(),
                silently: seen.silently,
            };
            backfill.run(&mut self.deploy.connection, &seen.parts(ruled)).await?;
        }
        let mut aside = self.aside().await?;
        let problems = check::rows(&mut aside, &rules).await.map_err(MigrationError::Look)?;
        aside.rollback().await.map_err(MigrationError::Look)?;
        refuse(problems)
    }

    const fn allowed(&self, part: Part) -> Allowed {
        Allowed { rewrites: self.migrator.rewrites, taking_over: true, part }
    }

    async fn make_part(&mut self, part: Part) -> Result<(), MigrationError> {
        let allowed = self.allowed(part);
        let plan = self.migrator.look(&mut self.deploy.connection, allowed).await?;
        self.migrator.make(self.deploy, plan.changes()).await
    }

    async fn observe(&mut self) -> Result<(), MigrationError> {
        let seen = self.see().await?;
        let changes = observation::changes(&seen, self.migrator.roles());
        self.migrator.make(self.deploy, &changes).await?;
        if !changes.is_empty() {
            self.record_foundation().await?;
        }
        self.make_part(Part::Walls).await
    }

    async fn enforce(&mut self) -> Result<(), MigrationError> {
        // With the run that is begun here, so that its way back ends with it.
        let again = lent::lending_again(&mut self.deploy.connection).await.map_err(MigrationError::Journal)?;
        let mut again: Vec<Change> = again.into_iter().collect();
        for table in self.see().await?.triggers {
            let made = filling::made_again(&mut self.deploy.connection, &table).await;
            again.push(made.map_err(MigrationError::Look)?);
        }
        self.migrator.make(self.deploy, &again).await?;
        let allowed = self.allowed(Part::All);
        self.migrator.reconcile(self.deploy, allowed).await?;
        for table in self.see().await?.triggers {
            self.make_unrecorded(&filling::removal(&table)).await?;
        }
        let lent = lent::taking_back(&mut self.deploy.connection).await.map_err(MigrationError::Journal)?;
        if let Some(change) = lent {
            self.make_unrecorded(&change).await?;
        }
        self.record_foundation().await
    }
}

fn refuse(problems: Vec<AdoptionProblem>) -> Result<(), MigrationError> {
    if problems.is_empty() { Ok(()) } else { Err(MigrationError::Adoption(AdoptionProblems(problems))) }
}
