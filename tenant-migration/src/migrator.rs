//! The migrator: SeaORM's, with the framework's migrations around the application's own.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{IntoSchemaManagerConnection, MigrationTrait, MigratorTraitSelf, SchemaManagerConnection};
use tenant_core::Registry;

use crate::apply::{Application, Planned};
use crate::operator;
use crate::plan::{ApplicationNames, Plan};
use crate::posture::{Record, this_program};
use crate::problem::PlanError;
use crate::role_names::RoleNames;
use crate::verify::Scope;

/// The migrations an application writes itself, as SeaORM's `MigratorTrait::migrations` gives them.
pub type ApplicationMigrations = fn() -> Vec<Box<dyn MigrationTrait>>;

/// Brings a database to what the registry says, and back, with SeaORM's commands.
///
/// The order is: the framework's roles and schema (`tenancy_v01`), the application's own migrations, then one migration
/// per table (`tenant_table_{schema}_{table}`), each after the tables it refers to, then the application's migrations of
/// data. Each runs in one transaction, and what it makes belongs to the owner role; so does SeaORM's record,
/// `seaql_migrations`.
///
/// The first run needs a superuser, who makes the roles; later ones need only the migrator role. A role of the running
/// application (app, admin, reporting) is refused.
///
/// A table that was made is not changed when its description changes. Change it with a migration of your own, which does
/// nothing where the table is not made yet: `ALTER TABLE IF EXISTS … ADD COLUMN IF NOT EXISTS …`. A table whose entity is
/// gone must stay in the registry until it is rolled back.
///
/// Each command that changes the schema ends with a record of what isolation rests on then, with which programs compare what they
/// find at their start ([`tenant_core::posture`]): what a migration changes, they accept; what was changed by hand, they don't.
///
/// `reset` leaves no table and no `tenancy` schema. What stays is what the migrator role could not make again: the roles,
/// which other databases of the cluster may use, what they were granted on the database and its `public` schema, and what
/// was taken there from PUBLIC. Schemas other than `public` stay too.
pub struct TenantMigrator {
    plan: Arc<Plan>,
    scope: Scope,
    record: Record,
    structure: ApplicationMigrations,
    data: ApplicationMigrations,
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
        TenantMigratorBuilder {
            registry,
            roles: RoleNames::default(),
            program: None,
            structure: Vec::new,
            data: Vec::new,
        }
    }

    /// What it does to an empty database.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    async fn record(&self, db: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
        Ok(self.record.write(db, self.plan.roles()).await?)
    }

    /// What `verify` looks at: the registry's tables and the roles.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl fmt::Debug for TenantMigrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantMigrator").field("plan", &self.plan).finish_non_exhaustive()
    }
}

/// Gathers what a [`TenantMigrator`] needs.
#[derive(Debug)]
#[must_use = "call `build` to get the migrator"]
pub struct TenantMigratorBuilder<'a> {
    registry: &'a Registry,
    roles: RoleNames,
    program: Option<String>,
    structure: ApplicationMigrations,
    data: ApplicationMigrations,
}

impl TenantMigratorBuilder<'_> {
    /// Takes other roles than the default ones.
    pub fn roles(mut self, roles: RoleNames) -> Self {
        self.roles = roles;
        self
    }

    /// Names the program that deploys, best with its version, for the record that programs read at their start; without it the name
    /// of the file that is run: `program(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))`.
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.program = Some(program.into());
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
    /// [`PlanError`] lists every table that can't be made, and why.
    pub fn build(self) -> Result<TenantMigrator, PlanError> {
        let names = |own: ApplicationMigrations| own().iter().map(|migration| migration.name().to_owned()).collect();
        let application = ApplicationNames { structure: names(self.structure), data: names(self.data) };
        let plan = Plan::with_application(self.registry, &self.roles, application)?;
        let scope = Scope::of_registry(self.registry, &self.roles);
        let record = Record::of(self.registry, self.program.unwrap_or_else(this_program));
        Ok(TenantMigrator { plan: Arc::new(plan), scope, record, structure: self.structure, data: self.data })
    }
}

#[async_trait]
impl MigratorTraitSelf for TenantMigrator {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        let planned =
            |position| -> Box<dyn MigrationTrait> { Box::new(Planned { plan: Arc::clone(&self.plan), position }) };
        let own = |migration| -> Box<dyn MigrationTrait> {
            Box::new(Application { migration, roles: self.plan.roles().clone() })
        };
        let tables = (1..self.plan.migrations().len()).map(planned);
        let (structure, data) = ((self.structure)().into_iter().map(own), (self.data)().into_iter().map(own));
        std::iter::once(planned(0)).chain(structure).chain(tables).chain(data).collect()
    }

    /// Every command begins here: the connected role is checked, then SeaORM's record is made if it is missing.
    async fn install<C: ConnectionTrait>(&self, db: &C) -> Result<(), DbErr> {
        operator::check(db, self.plan.roles()).await?;
        Unchecked(self).install(db).await
    }

    /// Drops the registry's tables in whatever schema they are, then all tables of the current schema, and makes them
    /// anew. The `tenancy` schema stays and is brought up to date.
    async fn fresh<'c, C: IntoSchemaManagerConnection<'c>>(&self, db: C) -> Result<(), DbErr> {
        let db = db.into_database_executor();
        operator::check(&db, self.plan.roles()).await?;
        db.execute_unprepared(&self.plan.drop_tables()).await?;
        Unchecked(self).fresh(borrowed(&db)).await?;
        self.record(&db).await
    }

    async fn up<'c, C: IntoSchemaManagerConnection<'c>>(&self, db: C, steps: Option<u32>) -> Result<(), DbErr> {
        let db = db.into_database_executor();
        operator::check(&db, self.plan.roles()).await?;
        Unchecked(self).up(borrowed(&db), steps).await?;
        self.record(&db).await
    }

    async fn down<'c, C: IntoSchemaManagerConnection<'c>>(&self, db: C, steps: Option<u32>) -> Result<(), DbErr> {
        let db = db.into_database_executor();
        operator::check(&db, self.plan.roles()).await?;
        Unchecked(self).down(borrowed(&db), steps).await?;
        self.record(&db).await
    }

    async fn refresh<'c, C: IntoSchemaManagerConnection<'c>>(&self, db: C) -> Result<(), DbErr> {
        let db = db.into_database_executor();
        operator::check(&db, self.plan.roles()).await?;
        Unchecked(self).refresh(borrowed(&db)).await?;
        self.record(&db).await
    }
}

/// The same connection, for a command that takes it away.
const fn borrowed<'a>(db: &'a SchemaManagerConnection<'_>) -> SchemaManagerConnection<'a> {
    match db {
        SchemaManagerConnection::Connection(db) => SchemaManagerConnection::Connection(db),
        SchemaManagerConnection::Transaction(db) => SchemaManagerConnection::Transaction(db),
        SchemaManagerConnection::OwnedTransaction(db) => SchemaManagerConnection::Transaction(db),
    }
}

/// SeaORM's own commands, for those that do something before or after them.
struct Unchecked<'a>(&'a TenantMigrator);

#[async_trait]
impl MigratorTraitSelf for Unchecked<'_> {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        self.0.migrations()
    }
}
