//! What an archive says of itself.

use serde::{Deserialize, Serialize};
use tenant_core::TenantId;

use crate::holdings::{Column, Holding, Holdings};
use crate::ident::{Ident, QualifiedName};
use crate::transfer::tally::Tally;
use crate::transfer::tuples::Format;

/// What is in an archive, said before the rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) organization: Origin,
    /// When its snapshot was taken, by the server's clock, in UTC.
    pub(super) exported_at: String,
    /// PostgreSQL's.
    pub(super) server_version: String,
    /// Columns that hold something else than they did, with table and schema.
    pub(super) masked: Vec<String>,
    /// Parents first.
    pub(super) tables: Vec<Table>,
}

/// Whose rows they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    pub(super) id: TenantId,
    pub(super) name: String,
    pub(super) tier: String,
    pub(super) placement: String,
}

/// A table of which an archive has rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) schema: String,
    pub(super) name: String,
    /// The column that says whose a row is; the rows don't have it.
    pub(super) tenant: String,
    pub(super) key: Vec<String>,
    pub(super) format: Format,
    /// Those that the rows have, in this order.
    pub(super) columns: Vec<TableColumn>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TableColumn {
    pub(super) name: String,
    /// As PostgreSQL prints it.
    pub(super) kind: String,
    /// An enumeration's, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) labels: Vec<String>,
}

/// What an archive's rows come to, said after them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tail {
    /// In the order of the head.
    pub(super) tables: Vec<Tally>,
}

impl Table {
    pub(super) fn of(holding: &Holding) -> Self {
        let columns = holding.columns.iter().filter(|column| column.name != holding.tenant);
        Self {
            schema: holding.name.schema.as_str().to_owned(),
            name: holding.name.name.as_str().to_owned(),
            tenant: holding.tenant.as_str().to_owned(),
            key: holding.key.iter().map(|column| column.as_str().to_owned()).collect(),
            format: Format::of(holding),
            columns: columns
                .map(|column| TableColumn {
                    name: column.name.as_str().to_owned(),
                    kind: column.kind.clone(),
                    labels: column.labels.clone(),
                })
                .collect(),
        }
    }

    pub(super) fn qualified(&self) -> QualifiedName {
        QualifiedName { schema: Ident::live(&self.schema), name: Ident::live(&self.name) }
    }

    /// The names of its columns, quoted.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.columns.iter().map(|column| Ident::live(&column.name).to_string())
    }

    fn holding(&self) -> Holding {
        let column = |column: &TableColumn| Column {
            name: Ident::live(&column.name),
            kind: column.kind.clone(),
            built_in: self.format == Format::Binary,
            labels: column.labels.clone(),
            optional: false,
            sequence: None,
        };
        let tenant = TableColumn { name: self.tenant.clone(), kind: "uuid".to_owned(), labels: Vec::new() };
        Holding {
            name: self.qualified(),
            tenant: Ident::live(&self.tenant),
            key: self.key.iter().map(|column| Ident::live(column)).collect(),
            columns: self.columns.iter().chain([&tenant]).map(column).collect(),
            parents: Vec::new(),
            is_identified: true,
        }
    }
}

impl Head {
    pub(super) fn holdings(&self) -> Holdings {
        self.tables.iter().map(Table::holding).collect()
    }

    /// Once its rows are through.
    pub(super) fn summary(&self, tail: &Tail) -> Summary {
        let table = |(table, tally): (&Table, &Tally)| ArchivedTable {
            table: format!("{}.{}", table.schema, table.name),
            tally: tally.clone(),
        };
        Summary {
            organization: self.organization.id,
            name: self.organization.name.clone(),
            exported_at: self.exported_at.clone(),
            server_version: self.server_version.clone(),
            masked: self.masked.clone(),
            tables: self.tables.iter().zip(&tail.tables).map(table).collect(),
        }
    }
}

/// What an archive has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Whose rows they were.
    pub organization: TenantId,
    /// What people called it.
    pub name: String,
    /// When its snapshot was taken, by the server's clock, in UTC.
    pub exported_at: String,
    /// The version of the PostgreSQL that it comes from.
    pub server_version: String,
    /// Columns that hold something else than they did: `schema.table.column`.
    pub masked: Vec<String>,
    /// All tables that hold rows of tenants, also those without any.
    pub tables: Vec<ArchivedTable>,
}

/// What an archive has of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchivedTable {
    /// With its schema.
    pub table: String,
    /// What its rows come to.
    #[serde(flatten)]
    pub tally: Tally,
}

impl Summary {
    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.tally.rows).sum()
    }

    /// How many bytes their values have, before they are compressed.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.tally.bytes).sum()
    }
}
