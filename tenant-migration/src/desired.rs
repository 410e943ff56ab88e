//! The desired state: every table of the registry, and the roles.

use std::collections::{BTreeMap, BTreeSet};

use tenant_core::Registry;

use crate::access_log::AuditFailures;
use crate::change::Change;
use crate::ident::{Ident, QualifiedName};
use crate::name::RelationNames;
use crate::problem::{PlanError, PlanProblem};
use crate::role_names::RoleNames;
use crate::schema::{TableSchema, in_dependency_order};
use crate::step::Step;
use crate::tenancy;

/// What a database is to be.
#[derive(Clone, Debug)]
pub(crate) struct Desired {
    pub(crate) roles: RoleNames,
    /// Each after those it refers to, where they don't refer to each other in a circle.
    pub(crate) tables: Vec<TableSchema>,
    /// What becomes of a statement that the access log can't be told of.
    pub(crate) failures: AuditFailures,
}

impl Desired {
    pub(crate) fn new(registry: &Registry, roles: &RoleNames) -> Result<Self, PlanError> {
        let mut problems = Vec::new();
        let tables = schemas(registry, roles, &mut problems);
        if !problems.is_empty() {
            return Err(PlanError { problems });
        }
        Ok(Self { roles: roles.clone(), tables, failures: AuditFailures::default() })
    }

    /// The roles, the database's own rights and the framework's schema.
    pub(crate) fn foundation(&self) -> Change {
        Change::new("roles and the schema tenancy", tenancy::foundation(&self.roles, self.failures))
    }

    /// The changes that make the tables that `exists` doesn't know, in order: schemas, then the tables. Foreign keys to
    /// those of the others that are not `settled` are left out.
    ///
    /// A foreign key to a table that is made later is added with that one.
    pub(crate) fn creations(&self, exists: &BTreeSet<QualifiedName>, settled: &BTreeSet<QualifiedName>) -> Vec<Change> {
        let missing = || self.tables.iter().filter(|table| !exists.contains(table.name()));
        let schemas: BTreeMap<&Ident, Step> =
            missing().filter_map(|table| Some((&table.name().schema, table.schema_step(&self.roles)?))).collect();
        let mut changes: Vec<Change> = schemas
            .into_iter()
            .map(|(schema, step)| Change::new(format!("schema {}", schema.as_str()), vec![step]))
            .collect();
        let mut made = settled.clone();
        for table in missing() {
            let mut steps = table.creation(&self.roles, &|target| made.contains(target));
            let earlier = missing().take_while(|earlier| earlier.name() != table.name());
            steps.extend(earlier.flat_map(|earlier| earlier.references_to(table.name())).map(|(_, step)| step));
            // What nobody else can see yet needs no lock.
            steps.iter_mut().for_each(|step| step.locks.retain(|lock| lock.table != *table.name()));
            changes.push(Change::new(Self::title(table), steps));
            made.insert(table.name().clone());
        }
        changes
    }

    /// What the change is called that makes a table.
    pub(crate) fn title(table: &TableSchema) -> String {
        format!("table {}", table.described())
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
    for table in order {
        match TableSchema::of(table, registry, roles, &mut names) {
            Ok(schema) => schemas.push(schema),
            Err(problem) => problems.push(*problem),
        }
    }
    schemas
}
