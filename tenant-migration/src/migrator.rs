//! The migrator: the framework's changes around the application's own migrations.

use std::collections::BTreeSet;
use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf};
use sqlx::postgres::PgConnection;
use tenant_core::Registry;

use crate::application::{Kind, Own};
use crate::desired::Desired;
use crate::error::{MigrationError, describe_sqlx};
use crate::executor::{Executor, Patience};
use crate::foundation;
use crate::journal;
use crate::known;
use crate::operator;
use crate::plan::Plan;
use crate::problem::{PlanError, PlanProblem};
use crate::reconcile::{self, Allowed};
use crate::role_names::RoleNames;
use crate::step::Step;
use crate::tenancy;
use crate::verify::Scope;

/// How often differences are made good before a run ends. What is made at once can stand in the way of a name, which the
/// next look finds free.
const ROUNDS: u8 = 3;

/// The migrations an application writes itself, as SeaORM's `MigratorTrait::migrations` gives them.
pub type ApplicationMigrations = fn() -> Vec<Box<dyn MigrationTrait>>;

/// Brings a database to what the registry says, and back.
///
/// `up` goes in this order: the framework's roles and schema; the application's own migrations; what differs between the
/// registry's tables and those in the database; the application's migrations of data. The application's are SeaORM's, with
/// its record (`seaql_migrations`). The framework's changes follow from what is there: a run that was ended is gone on with,
/// and on a database that is as it should be nothing is done. Each is recorded with what takes it back.
///
/// The first run needs a superuser, who makes the roles; later ones need only the migrator role. A role of the running
/// application (app, admin, reporting) is refused.
///
/// What an entity no longer has is kept, and said: columns and tables hold data. Indexes, keys, policies and grants that
/// nothing describes any more are dropped if the framework made them.
///
/// `reset` leaves no table and no `tenancy` schema. What stays is what the migrator role could not make again: the roles,
/// which other databases of the cluster may use, what they were granted on the database and its `public` schema, and what
/// was taken there from PUBLIC. Schemas other than `public` stay too.
#[derive(Debug)]
pub struct TenantMigrator {
    desired: Arc<Desired>,
    scope: Scope,
    structure: ApplicationMigrations,
    data: ApplicationMigrations,
    patience: Patience,
    rewrites: bool,
}

impl TenantMigrator {
    /// A migrator for the tables of `registry`, with the default roles and no other migrations.
    ///
    /// # Errors
    /// [`PlanError`] lists every table that can't be made, and why.
    pub fn new(registry: &Registry) -> Result<Self, PlanError> {
        Self::builder(registry).build()
    }

    /// A migrator for the tables of `registry`.
    pub fn builder(registry: &Registry) -> TenantMigratorBuilder<'_> {
        TenantMigratorBuilder { registry, roles: RoleNames::default(), structure: Vec::new, data: Vec::new }
    }

    /// How long it waits for locks.
    #[must_use]
    pub const fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Lets it write the rows of big tables anew, while reads and writes of them wait.
    #[must_use]
    pub const fn allow_rewrites(mut self) -> Self {
        self.rewrites = true;
        self
    }

    /// What it does to an empty database.
    #[must_use]
    pub fn plan_for_empty(&self) -> Plan {
        Plan::for_empty(&self.desired)
    }

    /// What `verify` looks at: the registry's tables and the roles.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The roles it works with.
    #[must_use]
    pub fn roles(&self) -> &RoleNames {
        &self.desired.roles
    }

    /// What `up` would do to this database besides the application's own migrations, which may change it. Nothing is done.
    ///
    /// # Errors
    /// [`MigrationError`] says what can't be decided or looked at, at SeaORM's boundary as [`DbErr::Migration`].
    pub async fn plan(&self, db: &DatabaseConnection) -> Result<Plan, DbErr> {
        operator::check(db, self.roles()).await?;
        Ok(self.look(&mut connection(db).await?).await?)
    }

    /// The application's own migrations that `up` would run.
    ///
    /// # Errors
    /// What the database said when its record could not be read.
    pub async fn pending(&self, db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
        let mut names = Vec::new();
        for kind in [Kind::Structure, Kind::Data] {
            let own = self.own(kind);
            let pending = own.get_pending_migrations_read_only(db).await?;
            names.extend(pending.iter().map(|known| known.name().to_owned()).filter(|name| own.is_ours(name)));
        }
        Ok(names)
    }

    /// Brings the database to what the registry says; with `num`, by at most as many steps, where all of the framework's
    /// changes together count as one, as each of the application's migrations does.
    ///
    /// # Errors
    /// [`MigrationError`] as [`DbErr::Migration`], or what an application's migration failed with. What was done stays, and
    /// a second run goes on from there.
    pub async fn up(&self, db: &DatabaseConnection, num: Option<u32>) -> Result<(), DbErr> {
        operator::check(db, self.roles()).await?;
        let mut connection = connection(db).await?;
        self.lay_foundation(&mut connection).await?;
        let mut left = num;
        self.run_own(db, Kind::Structure, &mut left).await?;
        if left == Some(0) {
            return Ok(());
        }
        if self.reconcile(&mut connection).await? {
            left = left.map(|left| left - 1);
        }
        self.run_own(db, Kind::Data, &mut left).await
    }

    /// Takes back at most `num` steps, all if there is no number: the application's migrations of data, the framework's
    /// runs, the application's other migrations, and after all of these the framework's schema.
    ///
    /// # Errors
    /// As [`TenantMigrator::up`].
    pub async fn down(&self, db: &DatabaseConnection, num: Option<u32>) -> Result<(), DbErr> {
        operator::check(db, self.roles()).await?;
        let mut connection = connection(db).await?;
        let mut left = num;
        self.take_back_own(db, Kind::Data, &mut left).await?;
        self.take_back_runs(&mut connection, &mut left).await?;
        self.take_back_own(db, Kind::Structure, &mut left).await?;
        if left != Some(0) {
            self.take_back_foundation(&mut connection).await?;
        }
        Ok(())
    }

    /// What was done and what is to be done, a line each.
    ///
    /// # Errors
    /// As [`TenantMigrator::plan`].
    pub async fn status(&self, db: &DatabaseConnection) -> Result<String, DbErr> {
        let plan = self.plan(db).await?;
        let mut lines = String::new();
        for kind in [Kind::Structure, Kind::Data] {
            let own = self.own(kind);
            for known in own.get_migration_with_status_read_only(db).await? {
                if own.is_ours(known.name()) {
                    lines += &format!("{}: {}\n", known.name(), known.status());
                }
            }
            if kind == Kind::Structure {
                for change in plan.changes() {
                    lines += &format!("{}: Pending\n", change.name());
                }
                if plan.is_empty() {
                    lines += "roles, schemas and tables: as the entities say\n";
                }
            }
        }
        Ok(lines)
    }

    /// Takes all back, then brings all up.
    ///
    /// # Errors
    /// As [`TenantMigrator::up`].
    pub async fn refresh(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        self.down(db, None).await?;
        self.up(db, None).await
    }

    /// Takes all back, SeaORM's record too.
    ///
    /// # Errors
    /// As [`TenantMigrator::up`].
    pub async fn reset(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        self.down(db, None).await?;
        self.own(Kind::Structure).uninstall(db).await
    }

    /// Drops the registry's tables in whatever schema they are, then all tables of the current schema, and makes them
    /// anew. The `tenancy` schema stays and is brought up to date.
    ///
    /// # Errors
    /// As [`TenantMigrator::up`].
    pub async fn fresh(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        operator::check(db, self.roles()).await?;
        db.execute_unprepared(&self.drop_tables()).await?;
        let none = Own { structure: Vec::new, data: Vec::new, ..self.own(Kind::Structure) };
        none.fresh(db).await?;
        let mut connection = connection(db).await?;
        if known::exists(&mut connection).await.map_err(MigrationError::Journal)? {
            journal::forget_all(&mut connection).await.map_err(MigrationError::Journal)?;
        }
        self.up(db, None).await
    }

    /// One statement that drops every table of the registry, whatever refers to it, and SeaORM's record: should the run end
    /// here, `up` begins anew.
    fn drop_tables(&self) -> String {
        let tables = self.desired.tables.iter().map(|table| table.name().to_string()).collect::<Vec<_>>().join(", ");
        format!("DROP TABLE IF EXISTS {tables}, seaql_migrations CASCADE")
    }

    fn own(&self, kind: Kind) -> Own<'_> {
        Own { structure: self.structure, data: self.data, kind, roles: self.roles() }
    }

    fn executor<'a>(&'a self, connection: &'a mut PgConnection) -> Executor<'a> {
        Executor { connection, roles: self.roles(), patience: self.patience }
    }

    async fn look(&self, connection: &mut PgConnection) -> Result<Plan, MigrationError> {
        let allowed = Allowed { rewrites: self.rewrites, taking_over: false };
        reconcile::plan(connection, &self.desired, allowed).await
    }

    async fn lay_foundation(&self, connection: &mut PgConnection) -> Result<(), MigrationError> {
        let found = foundation::look(connection, &self.desired).await.map_err(MigrationError::Look)?;
        if found.current {
            return Ok(());
        }
        let change = foundation::change(&self.desired, &found.retired);
        tracing::info!("{}", change.name());
        self.executor(connection).make(&change, None).await?;
        foundation::record(connection, &self.desired).await.map_err(MigrationError::Journal)
    }

    /// Makes what differs; whether there was something to do.
    async fn reconcile(&self, connection: &mut PgConnection) -> Result<bool, MigrationError> {
        let mut plan = self.look(connection).await?;
        let different = !plan.is_empty();
        for note in plan.notes() {
            tracing::info!("{note}");
        }
        if different {
            let run = journal::begin(connection).await.map_err(MigrationError::Journal)?;
            for _ in 0..ROUNDS {
                for change in plan.changes() {
                    tracing::info!("{}", change.name());
                    self.executor(connection).make(change, Some(run)).await?;
                }
                plan = self.look(connection).await?;
                if plan.is_empty() {
                    break;
                }
            }
            journal::end(connection, run).await.map_err(MigrationError::Journal)?;
        }
        if plan.is_empty() {
            reconcile::record(connection, &self.desired).await.map_err(MigrationError::Journal)?;
        }
        for change in plan.changes() {
            tracing::warn!("still different after {ROUNDS} rounds: {}", change.name());
        }
        Ok(different)
    }

    /// Runs the application's migrations of a kind, and counts them.
    async fn run_own(&self, db: &DatabaseConnection, kind: Kind, left: &mut Option<u32>) -> Result<(), DbErr> {
        let own = self.own(kind);
        own.install(db).await?;
        self.close_record(db).await?;
        let pending = own.get_pending_migrations(db).await?.len();
        if pending > 0 && *left != Some(0) {
            own.up(db, *left).await?;
        }
        count(left, pending);
        Ok(())
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

    async fn take_back_runs(
        &self,
        connection: &mut PgConnection,
        left: &mut Option<u32>,
    ) -> Result<(), MigrationError> {
        if !known::exists(connection).await.map_err(MigrationError::Look)? {
            return Ok(());
        }
        for run in journal::runs(connection).await.map_err(MigrationError::Journal)? {
            if *left == Some(0) {
                return Ok(());
            }
            for undoing in journal::undoing(connection, run).await.map_err(MigrationError::Journal)? {
                tracing::info!("taking back: {}", undoing.change.name());
                self.executor(connection).make(&undoing.change, None).await?;
                journal::forget_steps(connection, &undoing.records).await.map_err(MigrationError::Journal)?;
            }
            journal::forget_run(connection, run).await.map_err(MigrationError::Journal)?;
            count(left, 1);
        }
        known::forget(connection, known::TABLE).await.map_err(MigrationError::Journal)
    }

    async fn take_back_foundation(&self, connection: &mut PgConnection) -> Result<(), MigrationError> {
        let mut change = self.desired.foundation();
        change.steps = change.steps.into_iter().rev().filter_map(Step::undone).collect();
        self.executor(connection).make(&change, None).await
    }

    /// SeaORM's record belongs to the owner, and only to it.
    async fn close_record(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        db.execute_unprepared(&tenancy::close_record(self.roles())).await.map(drop)
    }
}

/// Takes what was done off what is left.
fn count(left: &mut Option<u32>, done: usize) {
    if let Some(left) = left {
        *left = left.saturating_sub(u32::try_from(done).unwrap_or(u32::MAX));
    }
}

/// A connection of its own, whose session takes rights that no other statement should have.
async fn connection(db: &DatabaseConnection) -> Result<PgConnection, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Err(DbErr::Migration("the database is not PostgreSQL".to_owned()));
    }
    let pooled = db.get_postgres_connection_pool().acquire().await;
    let pooled = pooled.map_err(|error| DbErr::Migration(describe_sqlx(&error)))?;
    Ok(pooled.detach())
}

/// Gathers what a [`TenantMigrator`] needs.
#[derive(Debug)]
#[must_use = "call `build` to get the migrator"]
pub struct TenantMigratorBuilder<'a> {
    registry: &'a Registry,
    roles: RoleNames,
    structure: ApplicationMigrations,
    data: ApplicationMigrations,
}

impl TenantMigratorBuilder<'_> {
    /// Takes other roles than the default ones.
    pub fn roles(mut self, roles: RoleNames) -> Self {
        self.roles = roles;
        self
    }

    /// Adds the application's own migrations, which run before the registry's tables are made, with the owner's rights.
    pub fn application(mut self, migrations: ApplicationMigrations) -> Self {
        self.structure = migrations;
        self
    }

    /// Adds the application's migrations of data, such as the rows of shared tables, which run after the registry's tables
    /// are made, with the owner's rights. Rows of tenants are out of their reach: the owner is under row-level security.
    pub fn data(mut self, migrations: ApplicationMigrations) -> Self {
        self.data = migrations;
        self
    }

    /// The migrator.
    ///
    /// # Errors
    /// [`PlanError`] lists every table that can't be made, and why, and two migrations of one name.
    pub fn build(self) -> Result<TenantMigrator, PlanError> {
        let desired = Desired::new(self.registry, &self.roles)?;
        let mut known = BTreeSet::new();
        let names = (self.structure)().into_iter().chain((self.data)()).map(|migration| migration.name().to_owned());
        let twice = names.filter(|name| !known.insert(name.clone()));
        let problems: Vec<_> = twice.map(|name| PlanProblem::MigrationName { name }).collect();
        if !problems.is_empty() {
            return Err(PlanError { problems });
        }
        let scope = Scope::of_registry(self.registry, &self.roles);
        let (structure, data) = (self.structure, self.data);
        let desired = Arc::new(desired);
        Ok(TenantMigrator { desired, scope, structure, data, patience: Patience::DEFAULT, rewrites: false })
    }
}
