//! Looking at a database.

use serde::Deserialize;
use sqlx::postgres::PgConnection;

use super::error::HoldingsError;
use super::holding::{Column, Holding, Holdings};
use crate::desired::Desired;
use crate::ident::{Ident, QualifiedName};

/// A table, as `holdings.sql` prints it.
#[derive(Debug, Deserialize)]
struct Line {
    schema: String,
    name: String,
    kind: String,
    unlogged: bool,
    described: bool,
    inherits: bool,
    columns: Vec<LineColumn>,
    key: Vec<String>,
    parents: Vec<LineName>,
    identity: String,
}

#[derive(Debug, Deserialize)]
struct LineColumn {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    built_in: bool,
    stored: bool,
    not_null: bool,
    given: bool,
    labels: Vec<String>,
    sequence: Option<String>,
}

#[derive(Debug, Deserialize)]
struct LineName {
    schema: String,
    name: String,
}

impl Holdings {
    /// The tables of this database that hold rows of tenants: those that `desired` describes, which are there, and no others.
    pub(crate) async fn look(connection: &mut PgConnection, desired: &Desired) -> Result<Self, HoldingsError> {
        let described: Vec<(&QualifiedName, &str)> =
            desired.tables.iter().filter_map(|table| Some((table.name(), table.tenant_key()?))).collect();
        let text = |pick: fn(&QualifiedName) -> &Ident| -> Vec<String> {
            desired.tables.iter().map(|table| pick(table.name()).as_str().to_owned()).collect()
        };
        let (schemas, names) = (text(|name| &name.schema), text(|name| &name.name));
        // A table whose rows are the tenants themselves names them `id`, as any table does.
        let mut columns: Vec<&str> = described.iter().map(|(_, key)| *key).filter(|key| *key != "id").collect();
        columns.sort_unstable();
        columns.dedup();
        let query = sqlx::query_scalar(include_str!("holdings.sql")).bind(schemas).bind(names).bind(&columns);
        let lines: Vec<String> = query.persistent(false).fetch_all(connection).await?;
        let lines = lines.iter().map(|line| serde_json::from_str(line)).collect::<Result<Vec<Line>, _>>()?;
        if let Some(unknown) = lines.iter().find(|line| !line.described) {
            let column = unknown.columns.iter().find(|column| columns.contains(&column.name.as_str()));
            let column = column.map(|column| column.name.clone()).unwrap_or_default();
            return Err(HoldingsError::Unknown { table: unknown.qualified().to_string(), column });
        }
        let mut holdings = Vec::with_capacity(described.len());
        for (name, key) in described {
            let line = lines.iter().find(|line| line.qualified() == *name);
            let line = line.ok_or_else(|| HoldingsError::Missing { table: name.to_string() })?;
            holdings.push(line.holding(key)?);
        }
        Ok(Self(parents_first(holdings)))
    }
}

impl Line {
    fn qualified(&self) -> QualifiedName {
        QualifiedName { schema: Ident::live(&self.schema), name: Ident::live(&self.name) }
    }

    fn holding(&self, tenant: &str) -> Result<Holding, HoldingsError> {
        let table = self.qualified().to_string();
        let what = match self.kind.as_str() {
            "f" => Some("is a foreign table"),
            _ if self.unlogged => Some("is unlogged, and gone after a crash"),
            _ if self.inherits => Some("inherits from another table, or another from it"),
            _ => None,
        };
        if let Some(what) = what {
            return Err(HoldingsError::NotATable { table, what });
        }
        if !self.key.iter().any(|column| column == tenant) {
            return Err(HoldingsError::NoKey { table, column: tenant.to_owned() });
        }
        let columns = self.columns.iter().filter(|column| column.stored).map(|column| Column {
            name: Ident::live(&column.name),
            kind: column.kind.clone(),
            built_in: column.built_in,
            labels: column.labels.clone(),
            optional: column.given || !column.not_null,
            sequence: column.sequence.clone(),
        });
        let parents = self.parents.iter();
        Ok(Holding {
            name: self.qualified(),
            tenant: Ident::live(tenant),
            key: self.key.iter().map(|column| Ident::live(column)).collect(),
            columns: columns.collect(),
            parents: parents
                .map(|parent| QualifiedName { schema: Ident::live(&parent.schema), name: Ident::live(&parent.name) })
                .collect(),
            // With the default it says the key, which has the tenant.
            is_identified: matches!(self.identity.as_str(), "d" | "f"),
        })
    }
}

/// Each table after those that it refers to. Those that refer to each other stay as they come.
fn parents_first(mut left: Vec<Holding>) -> Vec<Holding> {
    let mut ordered: Vec<Holding> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |holding: &Holding| {
            holding
                .parents
                .iter()
                .any(|parent| *parent != holding.name && left.iter().any(|other| other.name == *parent))
        };
        let next = left.iter().position(|holding| !waits(holding)).unwrap_or(0);
        ordered.push(left.remove(next));
    }
    ordered
}
