//! The migrator: the framework's changes around the application's own migrations.

use std::sync::Arc;

use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf};
use tenant_core::Registry;

use crate::application::{Kind, Own};
use crate::deploy::Deploy;
use crate::desired::Desired;
use crate::engine::CitusPlan;
use crate::executor::Executor;
use crate::migrator_builder::TenantMigratorBuilder;
use crate::operator;
use crate::patience::Patience;
use crate::plan::Plan;
use crate::portability::{Portability, Uses};
use crate::posture::Record;
use crate::problem::PlanError;
use crate::progress::Observer;
use crate::records::{self, Need};
use crate::role_names::RoleNames;
use crate::verify::Scope;

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
            desired: Arc::new(Desired { failures: self.desired.failures, ..Desired::new(&self.registry, &roles)? }),
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
    /// [`MigrationError`](crate::MigrationError) says what can't be decided or looked at, at SeaORM's boundary as [`DbErr::Migration`].
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
    /// [`MigrationError`](crate::MigrationError) as [`DbErr::Migration`], or what an application's migration failed with. What was done stays, and
    /// a second run goes on from there.
    pub async fn up(&self, db: &DatabaseConnection, num: Option<u32>) -> Result<Vec<String>, DbErr> {
        let mut deploy = self.begin(db).await?;
        let done = self.bring_up(&mut deploy, db, num).await;
        deploy.end().await;
        done
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

    pub(crate) fn own(&self, kind: Kind) -> Own<'_> {
        Own { structure: self.structure, data: self.data, kind, roles: self.roles() }
    }

    pub(crate) fn executor<'a>(&'a self, deploy: &'a mut Deploy<'_>) -> Executor<'a> {
        let watch = deploy.watch();
        let (connection, observer) = (&mut deploy.connection, &*self.observer);
        Executor { connection, owner: &self.roles().owner, patience: self.patience, observer, watch }
    }
}
