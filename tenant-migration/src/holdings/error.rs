//! Why nobody can say which tables hold an organisation's rows.

use crate::error::describe_sqlx;

/// Why nobody can say which tables of a database hold an organisation's rows, or that all of them can be taken along. Nothing is
/// done then: a table that is left out would be an organisation's rows that stay where they shouldn't be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HoldingsError {
    /// The program doesn't know a table that has the tenants' column.
    #[error(
        "table {table} has a column \"{column}\" as tenants' tables do, and no entity of this program describes it: add its entity to \
         this program, or rename the column if it says something else"
    )]
    Unknown {
        /// With its schema.
        table: String,
        /// The column.
        column: String,
    },
    /// The database lacks a table.
    #[error("the database has no table {table}: run `migrate up` there")]
    Missing {
        /// With its schema.
        table: String,
    },
    /// It is something else than a table, or more.
    #[error("{table} {what}: its rows can't be taken along as a tenant's")]
    NotATable {
        /// With its schema.
        table: String,
        /// What it is.
        what: &'static str,
    },
    /// Its rows can't be told apart by tenant and key.
    #[error("table {table} has no primary key with the column \"{column}\": run `migrate up` there")]
    NoKey {
        /// With its schema.
        table: String,
        /// The tenant column.
        column: String,
    },
    /// The database could not be asked.
    #[error("{}", describe_sqlx(.0))]
    Database(#[from] sqlx::Error),
    /// What it said can't be read.
    #[error("the catalog's answer can't be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}
