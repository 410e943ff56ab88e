//! The migrator: the framework's changes around the application's own migrations.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf};
use sqlx::postgres::PgConnection;
use tenant_core::Registry;

use crate::adopt;
use crate::application::{Kind, Own};
use crate::change::Change;
use crate::contention::is_contention;
use crate::deploy::Deploy;
use crate::desired::Desired;
use crate::engine::CitusPlan;
use crate::error::MigrationError;
use crate::executor::Executor;
use crate::foundation;
use crate::journal;
use crate::known;
use crate::migrator_builder::TenantMigratorBuilder;
use crate::operator;
use crate::patience::Patience;
use crate::plan::Plan;
use crate::portability::{Portability, Uses};
use crate::posture::Record;
use crate::problem::PlanError;
use crate::progress::{Event, Observer};
use crate::reconcile::{self, Allowed};
use crate::records::{self, Need};
use crate::role_names::RoleNames;
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
    pub(crate) registry: Registry,
    pub(crate) desired: Arc<Desired>,
    pub(crate) scope: Scope,
    pub(crate) uses: Uses,
    pub(crate) record: Record,
    pub(crate) structure: ApplicationMigrations,
    pub(crate) data: ApplicationMigrations,
    pub(crate) patience: Patience,
    pub(crate) rewrites: bool,
    pub(crate) observer: Arc<dyn Observer>,
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
        TenantMigratorBuilder::new(registry)
    }

    /// The same for a database with other roles, as a dedicated placement has its own.
    ///
    /// # Errors
    /// [`PlanError`] as from [`TenantMigrator::new`].
    pub fn with_roles(&self, roles: RoleNames) -> Result<Self, PlanError> {
        Ok(Self {
            desired: Arc::new(Desired::new(&self.registry, &roles)?),
            scope: Scope::of_registry(&self.registry, &roles),
            registry: self.registry.clone(),
            uses: self.uses.clone(),
            record: self.record.clone(),
            observer: Arc::clone(&self.observer),
            ..*self
        })
    }

    /// How long it waits for locks.
    #[must_use]
    pub const fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Who is told how runs go on, instead of `tracing`.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
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

    /// The SQL for a fresh database of a Citus cluster, to be run by hand.
    #[must_use]
    pub fn plan_for_citus(&self) -> CitusPlan {
        CitusPlan::of(&self.desired)
    }

    /// What PostgreSQL and other servers have of what the registry's tables use.
    #[must_use]
    pub fn portability(&self) -> Portability {
        Portability::new(&self.uses)
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
        let mut deploy = self.begin(db).await?;
        let plan = self.look(&mut deploy.connection, self.allowed()).await;
        deploy.end().await;
        Ok(plan?)
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

    /// Brings the database to what the registry says, and names what was done; with `num`, by at most as many steps, where
    /// all of the framework's changes together count as one, as each of the application's migrations does.
    ///
    /// # Errors
    /// [`MigrationError`] as [`DbErr::Migration`], or what an application's migration failed with. What was done stays, and
    /// a second run goes on from there.
    pub async fn up(&self, db: &DatabaseConnection, num: Option<u32>) -> Result<Vec<String>, DbErr> {
        let mut deploy = self.begin(db).await?;
        let done = self.bring_up(&mut deploy, db, num).await;
        deploy.end().await;
        done
    }

    async fn bring_up(
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

    /// Takes back at most `num` steps, all if there is no number: the application's migrations of data, the framework's
    /// runs, the application's other migrations, and after all of these the framework's schema.
    ///
    /// # Errors
    /// As [`TenantMigrator::up`].
    pub async fn down(&self, db: &DatabaseConnection, num: Option<u32>) -> Result<(), DbErr> {
        let mut deploy = self.begin(db).await?;
        let done = self.take_down(&mut deploy, db, num).await;
        deploy.end().await;
        done
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
        let mut deploy = self.begin(db).await?;
        let done = match self.take_down(&mut deploy, db, None).await {
            Ok(()) => self.bring_up(&mut deploy, db, None).await.map(drop),
            failed => failed,
        };
        deploy.end().await;
        done
    }

    /// Takes all back, SeaORM's record too.
    ///
    /// # Errors
    /// As [`TenantMigrator::up`].
    pub async fn reset(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let mut deploy = self.begin(db).await?;
        let done = match self.take_down(&mut deploy, db, None).await {
            Ok(()) => self.own(Kind::Structure).uninstall(db).await,
            failed => failed,
        };
        deploy.end().await;
        done
    }

    /// Drops the registry's tables in whatever schema they are, then all tables of the current schema, and makes them
    /// anew. The `tenancy` schema stays and is brought up to date; what an adoption lent to old programs is taken back.
    ///
    /// # Errors
    /// As [`TenantMigrator::up`].
    pub async fn fresh(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let mut deploy = self.begin(db).await?;
        let done = match self.drop_all(&mut deploy, db).await {
            Ok(()) => self.bring_up(&mut deploy, db, None).await.map(drop),
            failed => failed,
        };
        deploy.end().await;
        done
    }

    /// A session of its own, when it is this run's turn.
    pub(crate) async fn begin<'a>(&self, db: &'a DatabaseConnection) -> Result<Deploy<'a>, DbErr> {
        operator::check(db, self.roles()).await?;
        let mut deploy = Deploy::begin(db, &*self.observer).await?;
        match records::check(&mut deploy.connection, Need::Whole).await {
            Ok(()) => Ok(deploy),
            Err(damaged) => {
                deploy.end().await;
                Err(damaged.into())
            }
        }
    }

    async fn drop_all(&self, deploy: &mut Deploy<'_>, db: &DatabaseConnection) -> Result<(), DbErr> {
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

    /// One statement that drops every table of the registry, whatever refers to it, and SeaORM's record: should the run end
    /// here, `up` begins anew.
    fn drop_tables(&self) -> String {
        let tables = self.desired.tables.iter().map(|table| table.name().to_string()).collect::<Vec<_>>().join(", ");
        format!("DROP TABLE IF EXISTS {tables}, seaql_migrations CASCADE")
    }

    pub(crate) fn own(&self, kind: Kind) -> Own<'_> {
        Own { structure: self.structure, data: self.data, kind, roles: self.roles() }
    }

    pub(crate) fn executor<'a>(&'a self, deploy: &'a mut Deploy<'_>) -> Executor<'a> {
        let watch = deploy.watch();
        let (connection, observer) = (&mut deploy.connection, &*self.observer);
        Executor { connection, owner: &self.roles().owner, patience: self.patience, observer, watch }
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
        let found = foundation::look(&mut deploy.connection, &self.desired).await.map_err(MigrationError::Look)?;
        if found.current {
            return Ok(Vec::new());
        }
        let change = foundation::change(&self.desired, &found.retired);
        deploy.before_change().await?;
        self.executor(deploy).make(&change, None).await?;
        deploy.act_as_owner(self.roles()).await?;
        foundation::record(&mut deploy.connection, &self.desired).await.map_err(MigrationError::Journal)?;
        deploy.after_change(self.roles()).await?;
        Ok(vec![change.name])
    }

    fn allowed(&self) -> Allowed {
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
