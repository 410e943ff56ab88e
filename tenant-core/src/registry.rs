//! All the tables of this program and how each belongs to tenants.

use std::collections::BTreeMap;

use crate::entity::TenantEntity;
use crate::registry_digest;
use crate::table::{DEFAULT_SCHEMA, Table, TableName, Tenancy};

/// One annotated model, as `#[tenant_scoped]` and `#[tenant_shared]` submit it.
#[derive(Debug)]
pub struct Registration {
    table: fn() -> Table,
}

impl Registration {
    /// The registration of entity `E`.
    #[must_use]
    pub const fn of<E: TenantEntity>() -> Self {
        Self { table: E::table }
    }
}

inventory::collect!(Registration);

/// Every table that this program's statements may name.
///
/// A statement that names a table outside the registry is refused.
#[derive(Clone, Debug)]
pub struct Registry {
    tables: BTreeMap<TableName, Table>,
}

impl Registry {
    /// The tables of all annotated models that are linked into this program.
    ///
    /// Only a crate that is linked counts: a binary that names no item of its entities' crate needs `use entities as _;`.
    ///
    /// # Errors
    /// [`RegistryError`] lists every conflict, and says so when no annotated model is linked at all.
    pub fn collect() -> Result<Self, RegistryError> {
        Self::builder().collected().build()
    }

    /// A registry made by hand, or from the annotated models and more.
    pub fn builder() -> RegistryBuilder {
        RegistryBuilder { tables: Vec::new() }
    }

    /// The table that a statement calls `schema.name`; without a schema, the one in [`DEFAULT_SCHEMA`].
    #[must_use]
    pub fn table(&self, schema: Option<&str>, name: &str) -> Option<&Table> {
        self.tables.get(&TableName::new(schema.unwrap_or(DEFAULT_SCHEMA), name))
    }

    /// All tables, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// A hash of all descriptions, in hexadecimal digits: the same wherever and whenever the same tables are described, and another
    /// when a name, a type, a key, a reference, an index, a rule or what is audited differs.
    #[must_use]
    pub fn digest(&self) -> String {
        registry_digest::of(self)
    }

    /// The scoped tables, by name, each with its tenant column.
    pub fn scoped_tables(&self) -> impl Iterator<Item = (&Table, &str)> {
        self.tables().filter_map(|table| Some((table, table.tenant_key()?)))
    }

    /// The shared tables, by name.
    pub fn shared_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables().filter(|table| *table.tenancy() == Tenancy::Shared)
    }
}

/// Gathers tables for a [`Registry`].
#[derive(Debug)]
#[must_use = "call `build` to get the registry"]
pub struct RegistryBuilder {
    tables: Vec<Table>,
}

impl RegistryBuilder {
    /// Adds the tables of all annotated models that are linked into this program.
    pub fn collected(mut self) -> Self {
        self.tables.extend(inventory::iter::<Registration>().map(|registration| (registration.table)()));
        self
    }

    /// Adds a table described by hand.
    pub fn table(mut self, table: Table) -> Self {
        self.tables.push(table);
        self
    }

    /// Adds an annotated entity's table.
    pub fn entity<E: TenantEntity>(self) -> Self {
        self.table(E::table())
    }

    /// Checks the descriptions against one another.
    ///
    /// # Errors
    /// [`RegistryError`] lists everything that is wrong with them.
    pub fn build(self) -> Result<Registry, RegistryError> {
        let mut problems = Vec::new();
        let mut tables = BTreeMap::new();
        for table in self.tables {
            check_table(&table, &mut problems);
            let entity = table.entity();
            if let Some(first) = tables.insert(table.name().clone(), table) {
                problems.push(RegistryProblem::Conflict {
                    table: first.name().clone(),
                    first: first.entity(),
                    second: entity,
                });
            }
        }
        let registry = Registry { tables };
        registry.tables().for_each(|table| check_references(table, &registry, &mut problems));
        if registry.tables.is_empty() {
            problems.push(RegistryProblem::Empty);
        }
        if problems.is_empty() { Ok(registry) } else { Err(RegistryError { problems }) }
    }
}

fn check_table(table: &Table, problems: &mut Vec<RegistryProblem>) {
    let unknown = |problems: &mut Vec<RegistryProblem>, place: &'static str, column: &str| {
        problems.push(RegistryProblem::UnknownColumn {
            table: table.name().clone(),
            place,
            column: column.to_owned(),
            known: table.columns().map(|column| column.name().to_owned()).collect::<Vec<_>>().join(", "),
        });
    };
    for index in table.indexes() {
        let named = index.columns().iter().map(|column| &column.name).chain(index.included());
        named.filter(|name| table.column(name).is_none()).for_each(|name| unknown(problems, "an index", name));
    }
    for unique in table.uniques() {
        let named = unique.columns().iter();
        named
            .filter(|name| table.column(name).is_none())
            .for_each(|name| unknown(problems, "a unique constraint", name));
    }
    let redacted = table.audited().redacted().iter();
    redacted.filter(|name| table.column(name).is_none()).for_each(|name| unknown(problems, "`redact`", name));
    check_audit(table, problems);
    let Some(key) = table.tenant_key() else { return };
    let fits = table.column(key).is_some_and(|column| column.can_be_tenant_key());
    if !fits {
        problems.push(RegistryProblem::UnfitKey { table: table.name().clone(), key: key.to_owned() });
    }
    if table.primary_key().len() > 1 && table.primary_key().iter().any(|column| column == key) {
        problems.push(RegistryProblem::KeyInPrimaryKey { table: table.name().clone(), key: key.to_owned() });
    }
}

fn check_audit(table: &Table, problems: &mut Vec<RegistryProblem>) {
    let (audit, table_name) = (table.audited(), || table.name().clone());
    if audit.logs_writes() && table.tenant_key().is_none() {
        problems.push(RegistryProblem::SharedLogsWrites { table: table_name() });
    }
    if audit.logs_rows() && !audit.logs_writes() {
        problems.push(RegistryProblem::RowsWithoutWrites { table: table_name() });
    }
    let keys = table.database_primary_key();
    for column in audit.redacted() {
        if !audit.logs_rows() {
            problems.push(RegistryProblem::RedactsWithoutRows { table: table_name(), column: column.clone() });
        }
        if keys.contains(&column.as_str()) {
            problems.push(RegistryProblem::RedactsKey { table: table_name(), column: column.clone() });
        }
    }
}

fn check_references(table: &Table, registry: &Registry, problems: &mut Vec<RegistryProblem>) {
    for key in table.foreign_keys() {
        let Some(target) = registry.tables.get(&key.target) else {
            problems.push(RegistryProblem::UnknownTarget {
                table: table.name().clone(),
                columns: key.columns.join(", "),
                target: key.target.clone(),
            });
            continue;
        };
        if table.tenant_key().is_none() && target.tenant_key().is_some() {
            problems.push(RegistryProblem::SharedRefersToScoped {
                table: table.name().clone(),
                columns: key.columns.join(", "),
                target: key.target.clone(),
            });
        }
    }
}

/// Why a [`Registry`] could not be made: everything at once.
#[derive(Debug, thiserror::Error)]
#[error("the registry of tenant tables is inconsistent:{}",
    .problems.iter().map(|problem| format!("\n  - {problem}")).collect::<String>())]
pub struct RegistryError {
    problems: Vec<RegistryProblem>,
}

impl RegistryError {
    /// Everything that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[RegistryProblem] {
        &self.problems
    }
}

/// One thing that is wrong with a registry.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryProblem {
    /// No annotated model is linked.
    #[error(
        "no table is registered: annotate a model with #[tenant_scoped], and see that its crate is linked \
         (`use entities as _;` in the binary)"
    )]
    Empty,
    /// Two entities describe one table.
    #[error("table {table} is described twice, by {first} and by {second}: keep one")]
    Conflict {
        /// The table.
        table: TableName,
        /// The entity that came first.
        first: &'static str,
        /// The entity that came second.
        second: &'static str,
    },
    /// An index or constraint names a column that the table doesn't have.
    #[error("{place} of table {table} names the column `{column}`, which it doesn't have: it has {known}")]
    UnknownColumn {
        /// The table.
        table: TableName,
        /// What names the column.
        place: &'static str,
        /// The column.
        column: String,
        /// The table's columns.
        known: String,
    },
    /// The tenant column has another type, or may be NULL.
    #[error("the tenant column `{key}` of table {table} must be a UUID that is never NULL: declare it as `TenantId`")]
    UnfitKey {
        /// The table.
        table: TableName,
        /// The tenant column.
        key: String,
    },
    /// The tenant column is one of several primary key columns.
    #[error(
        "the tenant column `{key}` of table {table} is part of a composite primary key: take `primary_key` off it, the \
         generated key is led by it anyway"
    )]
    KeyInPrimaryKey {
        /// The table.
        table: TableName,
        /// The tenant column.
        key: String,
    },
    /// A foreign key refers to a table outside the registry.
    #[error(
        "table {table} refers ({columns}) to {target}, which is neither scoped nor shared: annotate that model, or mark \
         the relation `skip_fk`"
    )]
    UnknownTarget {
        /// The table that refers.
        table: TableName,
        /// The columns that refer.
        columns: String,
        /// The table referred to.
        target: TableName,
    },
    /// A shared table refers to rows of tenants.
    #[error(
        "the shared table {table} refers ({columns}) to the scoped table {target}: rows of all tenants can't depend on one's"
    )]
    SharedRefersToScoped {
        /// The table that refers.
        table: TableName,
        /// The columns that refer.
        columns: String,
        /// The table referred to.
        target: TableName,
    },
    /// Writes to a shared table are to be logged.
    #[error(
        "the shared table {table} logs writes: an entry of the access log says whose rows were written, and these are \
         nobody's. Take `writes()` off its audit flags"
    )]
    SharedLogsWrites {
        /// The table.
        table: TableName,
    },
    /// What rows held is to be logged, but not that they were written.
    #[error("table {table} logs rows and not writes: add `writes()` to its audit flags")]
    RowsWithoutWrites {
        /// The table.
        table: TableName,
    },
    /// A column is to be hidden where no rows are logged.
    #[error(
        "table {table} redacts `{column}` and logs no rows: add `rows()` to its audit flags, or leave `redact` out"
    )]
    RedactsWithoutRows {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
    /// A column of the key is to be hidden.
    #[error("table {table} redacts `{column}`, a column of its key, by which the log tells rows apart: leave it out")]
    RedactsKey {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
}
