//! A table with all that belongs to it.

use tenant_core::{DEFAULT_SCHEMA, Registry, Table, TableName, Tenancy};

use super::audit::AuditSchema;
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
use crate::step::{LockMode, Step};
use crate::template::literal;
use crate::tenancy;

/// Where a table is made: under its own name, or in a shadow of its schema.
pub(super) type Place<'a> = &'a dyn Fn(&QualifiedName) -> QualifiedName;

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
    foreign_keys: Vec<ForeignKeySchema>,
    audit: Option<AuditSchema>,
}

impl TableSchema {
    /// The desired state of `table`.
    pub(crate) fn of(
        table: &Table,
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
        let references = table.foreign_keys().iter().map(|key| ForeignKeySchema::of(key, table, registry));
        let foreign_keys = references.collect::<Result<Vec<_>, _>>()?;
        let audit = AuditSchema::of(table, &name, roles).map_err(named)?;
        let (described, tenancy) = (table.name().clone(), table.tenancy().clone());
        Ok(Self { described, name, tenancy, columns, keys, indexes, policies, foreign_keys, audit })
    }

    pub(crate) const fn name(&self) -> &QualifiedName {
        &self.name
    }

    /// The tenant column of a scoped table.
    pub(crate) fn tenant_key(&self) -> Option<&str> {
        match &self.tenancy {
            Tenancy::Scoped { key } => Some(key),
            Tenancy::Shared => None,
        }
    }

    /// How its writes are logged, if they are.
    pub(crate) const fn audit(&self) -> Option<&AuditSchema> {
        self.audit.as_ref()
    }

    /// What it is called in messages.
    pub(crate) const fn described(&self) -> &TableName {
        &self.described
    }

    /// What it refers to.
    pub(crate) fn references(&self) -> &[ForeignKeySchema] {
        &self.foreign_keys
    }

    /// The tables it refers to, itself among them where it does.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &QualifiedName> {
        self.foreign_keys.iter().map(ForeignKeySchema::target)
    }

    /// The step that makes its schema and opens it to those who use its tables; `public` is there.
    pub(crate) fn schema_step(&self, roles: &RoleNames) -> Option<Step> {
        (self.described.schema != DEFAULT_SCHEMA).then(|| grant::on_schema(&self.name.schema, roles))
    }

    /// The steps that make it, in order, with the foreign keys to tables that `exists` knows. The table is closed before
    /// the first grant opens it. A new table has no rows to look at, and the tables referred to need no exclusive lock.
    pub(crate) fn creation(&self, roles: &RoleNames, exists: &dyn Fn(&QualifiedName) -> bool) -> Vec<Step> {
        let mut create = self.create(|key| exists(key.target()) || *key.target() == self.name);
        for target in self.targets().filter(|target| exists(target) && **target != self.name) {
            create = create.locking_family(LockMode::ShareRowExclusive, target);
        }
        let mut steps: Vec<Step> = self.audit.iter().map(AuditSchema::function_step).collect();
        steps.push(create);
        // They go with the table.
        let parts = self.protection(roles).into_iter().chain(self.indexes.iter().map(IndexSchema::step));
        let parts = parts.chain(self.audit.iter().map(AuditSchema::triggers_step));
        steps.extend(parts.map(|step| Step { down: None, ..step }));
        steps.push(Step::forward(
            format!("{} and what belongs to it are the framework's", self.name.name.as_str()),
            format!("SELECT tenancy.mark({});", literal(&self.name.to_string())),
        ));
        steps
    }

    /// The steps that add the foreign keys to `target`, which was made or changed after this table, with their names.
    pub(crate) fn references_to<'a>(
        &'a self,
        target: &'a QualifiedName,
    ) -> impl Iterator<Item = (&'a Ident, Step)> + 'a {
        self.foreign_keys.iter().filter(move |key| key.target() == target).map(|key| (key.name(), key.step()))
    }

    /// The same without foreign keys.
    pub(crate) fn without_references(&self) -> Self {
        Self { foreign_keys: Vec::new(), ..self.clone() }
    }

    /// The same for a server that has no such triggers.
    pub(crate) fn without_audit(&self) -> Self {
        Self { audit: None, ..self.clone() }
    }

    /// The same for a server that takes no sub-select in a policy.
    pub(crate) fn asking_directly(&self) -> Self {
        Self { policies: self.policies.iter().map(PolicySchema::asking_directly).collect(), ..self.clone() }
    }

    /// The same in another place, to be looked at and thrown away: all but the foreign keys, and those. Nothing in it is
    /// marked.
    pub(crate) fn shadow(&self, roles: &RoleNames, place: Place<'_>) -> (String, String) {
        let shadow = Self {
            name: place(&self.name),
            indexes: self.indexes.iter().map(|index| index.relocated(place)).collect(),
            policies: self.policies.iter().map(|policy| policy.relocated(place)).collect(),
            foreign_keys: self.foreign_keys.iter().map(|key| key.relocated(place)).collect(),
            ..self.clone()
        };
        let table = std::iter::once(shadow.create(|_| false)).chain(shadow.protection(roles));
        let steps = table.chain(shadow.indexes.iter().map(IndexSchema::step));
        let made = steps.map(|step| step.up + "\n").collect();
        (made, shadow.foreign_keys.iter().map(|key| key.addition() + "\n").collect())
    }

    /// Row-level security, policies and grants.
    fn protection(&self, roles: &RoleNames) -> Vec<Step> {
        let scoped = matches!(self.tenancy, Tenancy::Scoped { .. });
        let mut steps: Vec<Step> = scoped.then(|| policy::enable(&self.name)).into_iter().collect();
        steps.extend(self.policies.iter().map(PolicySchema::step));
        steps.push(grant::on_table(&self.name, &self.tenancy, roles));
        steps
    }

    fn create(&self, inline: impl Fn(&ForeignKeySchema) -> bool) -> Step {
        let reason = match &self.tenancy {
            Tenancy::Scoped { key } => format!("table {}, whose keys are led by {key}", self.described.table),
            Tenancy::Shared => format!("table {}, the same for all tenants", self.described.table),
        };
        let parts = self.columns.iter().map(ToString::to_string);
        let parts = parts.chain(self.keys.iter().map(ToString::to_string));
        let parts = parts.chain(self.foreign_keys.iter().filter(|key| inline(key)).map(ToString::to_string));
        let parts = parts.map(|part| format!("\n  {part}")).collect::<Vec<_>>().join(",");
        let step = Step::owner(
            reason,
            format!("CREATE TABLE {} ({parts}\n);", self.name),
            format!("DROP TABLE IF EXISTS {};", self.name),
        );
        let keys = self.keys.iter().map(|key| QualifiedName { name: key.name().clone(), ..self.name.clone() });
        keys.fold(step.taking(&self.name), |step, key| step.taking(&key))
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
