//! All steps, in order.

use std::collections::BTreeSet;
use std::fmt;

use tenant_core::Registry;

use crate::ident::QualifiedName;
use crate::name::RelationNames;
use crate::problem::{PlanError, PlanProblem};
use crate::role_names::RoleNames;
use crate::schema::{TableSchema, in_dependency_order};
use crate::step::{Actor, Step};
use crate::{session, tenancy};

/// What is to be done to an empty database, as an ordered list of [`Migration`]s. Its `Display` is SQL.
#[derive(Clone, Debug)]
pub struct Plan {
    roles: RoleNames,
    migrations: Vec<Migration>,
    tables: Vec<QualifiedName>,
    application: ApplicationNames,
}

/// The names of the application's own migrations.
#[derive(Clone, Debug, Default)]
pub(crate) struct ApplicationNames {
    /// Those that run after the first of ours.
    pub(crate) structure: Vec<String>,
    /// Those that run after the last of ours.
    pub(crate) data: Vec<String>,
}

/// Steps that are done in one transaction and recorded under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

impl Migration {
    /// The name under which it is recorded.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Plan {
    /// The plan for the tables of `registry`.
    ///
    /// # Errors
    /// [`PlanError`] lists every table that can't be made, and why.
    pub fn new(registry: &Registry, roles: &RoleNames) -> Result<Self, PlanError> {
        Self::with_application(registry, roles, ApplicationNames::default())
    }

    pub(crate) fn with_application(
        registry: &Registry,
        roles: &RoleNames,
        application: ApplicationNames,
    ) -> Result<Self, PlanError> {
        let mut problems = Vec::new();
        let mut migrations = vec![Migration { name: tenancy::V01.to_owned(), steps: tenancy::v01(roles) }];
        let mut tables = Vec::new();
        for schema in schemas(registry, roles, &mut problems) {
            tables.push(schema.name().clone());
            migrations.push(Migration { name: schema.migration_name(), steps: schema.steps(roles) });
        }
        let mut known = BTreeSet::new();
        let own = application.structure.iter().chain(&application.data);
        for name in migrations.iter().map(|migration| &migration.name).chain(own) {
            if !known.insert(name) {
                problems.push(PlanProblem::MigrationName { name: name.clone() });
            }
        }
        if problems.is_empty() {
            Ok(Self { roles: roles.clone(), migrations, tables, application })
        } else {
            Err(PlanError { problems })
        }
    }

    /// The framework's migrations, in order; the application's own run after the first, those of its data after the last.
    #[must_use]
    pub fn migrations(&self) -> &[Migration] {
        &self.migrations
    }

    /// The roles it is made for.
    #[must_use]
    pub const fn roles(&self) -> &RoleNames {
        &self.roles
    }

    /// One statement that drops every table of the registry, whatever refers to it, and SeaORM's record of them: should
    /// the run end here, `up` begins anew.
    pub(crate) fn drop_tables(&self) -> String {
        let tables = self.tables.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        format!("DROP TABLE IF EXISTS {tables}, seaql_migrations CASCADE")
    }
}

fn schemas(registry: &Registry, roles: &RoleNames, problems: &mut Vec<PlanProblem>) -> Vec<TableSchema> {
    let order = in_dependency_order(registry);
    let mut names = RelationNames::default();
    // All tables' names are given, so they are taken before the first index gets its own.
    for table in &order {
        match table.name().try_into() {
            Ok(name) => names.reserve(&name),
            Err(source) => problems.push(*PlanProblem::name(table.name(), source)),
        }
    }
    if !problems.is_empty() {
        return Vec::new();
    }
    let mut schemas = Vec::new();
    for (position, table) in order.iter().enumerate() {
        match TableSchema::of(table, &order[..position], registry, roles, &mut names) {
            Ok(schema) => schemas.push(schema),
            Err(problem) => problems.push(*problem),
        }
    }
    schemas
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, migration) in self.migrations.iter().enumerate() {
            self.write_migration(migration, f)?;
            if position == 0 {
                write_application(&self.application.structure, f)?;
            }
        }
        write_application(&self.application.data, f)
    }
}

fn write_application(names: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    names
        .iter()
        .try_for_each(|name| writeln!(f, "\n-- {name}: the application's own; its statements are known when it runs"))
}

impl Plan {
    fn write_migration(&self, migration: &Migration, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n-- {}\nBEGIN;\n{}", migration.name, session::PREPARE)?;
        let mut actor = Actor::Operator;
        for step in &migration.steps {
            if step.actor != actor {
                actor = step.actor;
                writeln!(f, "{}", session::act_as(actor, &self.roles))?;
            }
            writeln!(f, "\n-- {}\n{}", step.reason, step.up.trim_end())?;
        }
        writeln!(f, "COMMIT;")
    }
}
