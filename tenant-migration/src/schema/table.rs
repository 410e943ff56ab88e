//! A table with all that belongs to it.

use tenant_core::{DEFAULT_SCHEMA, ForeignKey, Registry, Table, TableName, Tenancy};

use super::column::ColumnSchema;
use super::foreign_key::ForeignKeySchema;
use super::grant;
use super::index::IndexSchema;
use super::policy::{self, PolicySchema};
use super::unique::KeySchema;
use crate::ident::{Ident, IdentError, QualifiedName};
use crate::name::RelationNames;
use crate::problem::PlanProblem;
use crate::role_names::RoleNames;
use crate::step::Step;
use crate::tenancy;

/// What a described table is in the database.
#[derive(Clone, Debug)]
pub(crate) struct TableSchema {
    described: TableName,
    name: QualifiedName,
    tenancy: Tenancy,
    columns: Vec<ColumnSchema>,
    keys: Vec<KeySchema>,
    indexes: Vec<IndexSchema>,
    policies: Vec<PolicySchema>,
    /// Its own foreign keys, to itself and to tables that exist by then. They are made with the table: a new table has no
    /// rows to look at, and the tables referred to need no exclusive lock.
    foreign_keys: Vec<ForeignKeySchema>,
    /// The foreign keys that earlier tables have to this one.
    back_references: Vec<ForeignKeySchema>,
}

impl TableSchema {
    /// The desired state of `table`; `made` are the tables that come before it.
    pub(crate) fn of(
        table: &Table,
        made: &[&Table],
        registry: &Registry,
        roles: &RoleNames,
        names: &mut RelationNames,
    ) -> Result<Self, Box<PlanProblem>> {
        if table.name().schema == tenancy::SCHEMA {
            return Err(Box::new(PlanProblem::ReservedSchema { table: table.name().clone() }));
        }
        let named = |source| PlanProblem::name(table.name(), source);
        let name = QualifiedName::try_from(table.name()).map_err(named)?;
        let columns = table.columns().map(|column| ColumnSchema::of(&column, table)).collect::<Result<Vec<_>, _>>()?;
        let keys = keys(table, &name, names).map_err(named)?;
        let indexes = indexes(table, &name, names).map_err(named)?;
        let policies = match table.tenant_key() {
            Some(key) => PolicySchema::of(&name, &Ident::new(key).map_err(named)?, roles).to_vec(),
            None => Vec::new(),
        };
        let exists = |target: &TableName| target == table.name() || made.iter().any(|made| made.name() == target);
        let own = table.foreign_keys().iter().filter(|key| exists(&key.target)).map(|key| (table, key));
        let earlier = made.iter().flat_map(|made| made.foreign_keys().iter().map(move |key| (*made, key)));
        let earlier = earlier.filter(|(_, key)| key.target == *table.name());
        let build = |(from, key): (&Table, &ForeignKey)| ForeignKeySchema::of(key, from, registry);
        let foreign_keys = own.map(build).collect::<Result<Vec<_>, _>>()?;
        let back_references = earlier.map(build).collect::<Result<Vec<_>, _>>()?;
        let (described, tenancy) = (table.name().clone(), table.tenancy().clone());
        Ok(Self { described, name, tenancy, columns, keys, indexes, policies, foreign_keys, back_references })
    }

    /// The name of the migration that makes the table.
    pub(crate) fn migration_name(&self) -> String {
        format!("tenant_table_{}_{}", self.described.schema, self.described.table)
    }

    pub(crate) const fn name(&self) -> &QualifiedName {
        &self.name
    }

    /// The steps that make it, in order. The table is closed before the first grant opens it.
    pub(crate) fn steps(&self, roles: &RoleNames) -> Vec<Step> {
        let schema = Some(&self.name.schema).filter(|schema| schema.as_str() != DEFAULT_SCHEMA);
        let mut steps: Vec<Step> = schema.map(|schema| grant::on_schema(schema, roles)).into_iter().collect();
        steps.push(self.create());
        if matches!(self.tenancy, Tenancy::Scoped { .. }) {
            steps.push(policy::enable(&self.name));
        }
        steps.extend(self.policies.iter().map(PolicySchema::step));
        steps.push(grant::on_table(&self.name, &self.tenancy, roles));
        steps.extend(self.indexes.iter().map(IndexSchema::step));
        steps.extend(self.back_references.iter().map(ForeignKeySchema::step));
        steps
    }

    fn create(&self) -> Step {
        let reason = match &self.tenancy {
            Tenancy::Scoped { key } => format!("table {}, whose keys are led by {key}", self.described.table),
            Tenancy::Shared => format!("table {}, the same for all tenants", self.described.table),
        };
        let parts = self.columns.iter().map(ToString::to_string);
        let parts = parts.chain(self.keys.iter().map(ToString::to_string));
        let parts = parts.chain(self.foreign_keys.iter().map(ToString::to_string));
        let parts = parts.map(|part| format!("\n  {part}")).collect::<Vec<_>>().join(",");
        Step::owner(reason, format!("CREATE TABLE {} ({parts}\n);", self.name), format!("DROP TABLE {};", self.name))
    }
}

fn keys(table: &Table, name: &QualifiedName, names: &mut RelationNames) -> Result<Vec<KeySchema>, IdentError> {
    let mut keys = vec![KeySchema::primary(table, name, names)?];
    for unique in table.uniques().iter().filter(|unique| unique.filter_expression().is_none()) {
        keys.push(KeySchema::unique(unique, table, name, names)?);
    }
    Ok(keys)
}

fn indexes(table: &Table, name: &QualifiedName, names: &mut RelationNames) -> Result<Vec<IndexSchema>, IdentError> {
    let mut indexes = Vec::new();
    for unique in table.uniques() {
        if let Some(filter) = unique.filter_expression() {
            indexes.push(IndexSchema::of_unique(unique, filter, table, name, names)?);
        }
    }
    for index in table.indexes() {
        indexes.push(IndexSchema::of(index, table, name, names)?);
    }
    Ok(indexes)
}
