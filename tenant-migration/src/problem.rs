//! Why no plan can be made of a registry.

use tenant_core::TableName;

use crate::ident::IdentError;
pub use crate::schema::ColumnFault;
pub use crate::schema::ForeignKeyFault;

/// Why no plan can be made: everything at once.
#[derive(Debug, thiserror::Error)]
#[error("no migration can be made of the registry:{}",
    .problems.iter().map(|problem| format!("\n  - {problem}")).collect::<String>())]
pub struct PlanError {
    pub(crate) problems: Vec<PlanProblem>,
}

impl PlanError {
    /// Everything that is wrong.
    #[must_use]
    pub fn problems(&self) -> &[PlanProblem] {
        &self.problems
    }
}

/// One thing that is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanProblem {
    /// A name that PostgreSQL would not keep.
    #[error("table {table}: {source}")]
    Name {
        /// The table.
        table: TableName,
        /// What is wrong with the name.
        source: IdentError,
    },
    /// A column that can't be made.
    #[error("the column `{column}` of table {table} {fault}")]
    Column {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// What is wrong with it.
        fault: ColumnFault,
    },
    /// A foreign key that can't be made, or that would cross tenants.
    #[error("the foreign key ({columns}) of table {table} to {target} {fault}")]
    ForeignKey {
        /// The table that refers.
        table: TableName,
        /// The columns that refer.
        columns: String,
        /// The table referred to.
        target: TableName,
        /// What is wrong with it.
        fault: ForeignKeyFault,
    },
    /// Two migrations of one name: the second would count as applied.
    #[error("two migrations are called `{name}`: rename the application's own, or the table")]
    MigrationName {
        /// The name.
        name: String,
    },
    /// A table where the framework keeps its own.
    #[error("table {table} is in the schema `tenancy`, which belongs to the framework: choose another")]
    ReservedSchema {
        /// The table.
        table: TableName,
    },
}

impl PlanProblem {
    pub(crate) fn name(table: &TableName, source: IdentError) -> Box<Self> {
        Box::new(Self::Name { table: table.clone(), source })
    }

    pub(crate) fn column(table: &TableName, column: &str, fault: ColumnFault) -> Box<Self> {
        Box::new(Self::Column { table: table.clone(), column: column.to_owned(), fault })
    }
}
