//! Rows of several tenants that are as alike as the constraints let them be.

use std::collections::HashMap;

use tenant_core::TenantId;
use uuid::Uuid;

use super::choices::Choices;
use super::shape::{self, Column, Table};

/// How many tenants there are.
pub const TENANTS: usize = 3;

/// The most rows of one tenant in one table: all ids that there are.
const MOST_ROWS: usize = 6;

/// The rows of [`TENANTS`] tenants in the sample's tables.
#[derive(Clone, Debug)]
pub struct Data {
    shared: Vec<String>,
    tenants: Vec<Vec<String>>,
    /// Whether the planner knows how few rows there are: it prefers indexes if not.
    pub(crate) analyzed: bool,
}

/// The tenant of this number. Its id is also that of rows of other tenants.
#[must_use]
pub const fn tenant(number: usize) -> TenantId {
    TenantId::new(Uuid::from_u128(number as u128 + 1))
}

impl Data {
    /// Rows by these choices. Ids, names and references are taken from a handful of values, the same ones for each tenant.
    #[must_use]
    pub fn generate(choices: &mut Choices) -> Self {
        let analyzed = choices.chance(50);
        let mut shared = Vec::new();
        for table in shape::TABLES.iter().filter(|table| table.tenant.is_none()) {
            let column = &table.columns[0];
            for code in column.values {
                let name = choices.pick(table.columns[1].values);
                shared.push(format!("INSERT INTO {} VALUES ({code}, {name})", table.name));
            }
        }
        let tenants = (0..TENANTS).map(|number| TenantRows::default().generate(number, choices)).collect();
        Self { shared, tenants, analyzed }
    }

    /// The text that fills a database with the rows of these tenants.
    pub(crate) fn inserts(&self, tenants: impl IntoIterator<Item = usize>) -> String {
        let rows = tenants.into_iter().flat_map(|number| &self.tenants[number]);
        self.shared.iter().chain(rows).map(String::as_str).collect::<Vec<_>>().join(";\n")
    }
}

/// One tenant's rows while they are made.
#[derive(Debug, Default)]
struct TenantRows {
    /// The keys of the rows of each table.
    keys: HashMap<&'static str, Vec<String>>,
    inserts: Vec<String>,
}

impl TenantRows {
    fn generate(mut self, number: usize, choices: &mut Choices) -> Vec<String> {
        let id = format!("'{}'", tenant(number));
        for table in shape::scoped() {
            let rows = if table.tenant == Some(table.key) { 1 } else { 2 + choices.below(MOST_ROWS - 1) };
            let mut taken: Vec<Vec<&str>> = vec![Vec::new(); table.columns.len()];
            let mut uniques: Vec<Vec<String>> = Vec::new();
            for _ in 0..rows {
                let row: Vec<String> = (table.columns.iter().zip(&mut taken))
                    .map(|(column, taken)| self.value(table, column, &id, taken, choices))
                    .collect();
                // Of several unique columns, it is the combination that is unique.
                let unique: Vec<String> = (table.columns.iter().zip(&row))
                    .filter(|(column, _)| table.unique.contains(&column.name))
                    .map(|(_, value)| value.clone())
                    .collect();
                if row.iter().any(String::is_empty) || (!unique.is_empty() && uniques.contains(&unique)) {
                    continue;
                }
                uniques.push(unique);
                let key = table.columns.iter().zip(&row).find(|(column, _)| column.name == table.key);
                self.keys.entry(table.name).or_default().extend(key.map(|(_, key)| key.clone()));
                self.inserts.push(format!("INSERT INTO {} VALUES ({})", table.name, row.join(", ")));
            }
        }
        self.inserts
    }

    /// A value for a column; nothing where there is none to refer to.
    fn value(
        &self,
        table: &'static Table,
        column: &'static Column,
        id: &str,
        taken: &mut Vec<&'static str>,
        choices: &mut Choices,
    ) -> String {
        if Some(column.name) == table.tenant {
            return id.to_owned();
        }
        if column.nullable && choices.chance(35) {
            return "NULL".to_owned();
        }
        if let Some(to) = column.refers_to {
            let keys = self.keys.get(to).map(Vec::as_slice).unwrap_or_default();
            return if keys.is_empty() { String::new() } else { choices.pick(keys).clone() };
        }
        if column.name == table.key {
            let free: Vec<&str> = column.values.iter().copied().filter(|value| !taken.contains(value)).collect();
            let value = *choices.pick(&free[..free.len().min(MOST_ROWS)]);
            taken.push(value);
            return value.to_owned();
        }
        (*choices.pick(column.values)).to_owned()
    }
}
