//! A table at the target, as the source's log prints its rows.

use tenant_core::TenantId;

use super::apply::FollowError;
use super::message::{Relation, Tuple, Value};
use crate::holdings::{Column, Holding, Holdings};
use crate::ident::{Ident, QualifiedName};

/// The statements that change a table as the log says. Values are given as text, in the order of the log's columns; keys in the order of
/// the key's.
#[derive(Clone, Debug)]
pub(super) struct Table {
    holding: Holding,
    /// By the log's order.
    columns: Vec<Column>,
    /// Where the key's columns are in the log's.
    key: Vec<usize>,
    tenant: usize,
    insertion: String,
    deletion: String,
    clearing: String,
}

impl Table {
    /// The table that the log means.
    pub(super) fn find(holdings: &Holdings, relation: &Relation) -> Result<Self, FollowError> {
        let wrong = |found| FollowError::Wrong {
            table: format!("{}.{}", relation.schema, relation.name),
            key: String::new(),
            found,
        };
        let named =
            |name: &QualifiedName| name.schema.as_str() == relation.schema && name.name.as_str() == relation.name;
        let holding = holdings.iter().find(|holding| named(&holding.name));
        let holding = holding.ok_or_else(|| wrong("the log has a table that was not there when the move began"))?;
        let columns: Option<Vec<Column>> = relation.columns.iter().map(|name| holding.column(name).cloned()).collect();
        let columns = columns.ok_or_else(|| wrong("the log has a column that was not there when the move began"))?;
        let place = |name: &str| relation.columns.iter().position(|column| column == name);
        let key: Option<Vec<usize>> = holding.key.iter().map(|column| place(column.as_str())).collect();
        let (Some(key), Some(tenant)) = (key, place(holding.tenant.as_str())) else {
            return Err(wrong("the log doesn't print its key"));
        };
        Ok(Self {
            insertion: insertion(holding, &columns),
            deletion: deletion(holding),
            clearing: format!("DELETE FROM {} WHERE {} = CAST($1 AS uuid)", holding.name, holding.tenant),
            holding: holding.clone(),
            columns,
            key,
            tenant,
        })
    }

    pub(super) const fn holding(&self) -> &Holding {
        &self.holding
    }

    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Inserts rows; a parameter a column, an array of texts each.
    pub(super) fn insertion(&self) -> String {
        self.insertion.clone()
    }

    /// Removes the rows of keys; a parameter a column, an array of texts each. Its answer is a key that no row had, if there is one.
    pub(super) fn deletion(&self) -> String {
        self.deletion.clone()
    }

    /// Removes all rows of the tenant, who is the parameter.
    pub(super) fn clearing(&self) -> String {
        self.clearing.clone()
    }

    /// Sets all columns that the log prints; the key comes after them.
    pub(super) fn update(&self, new: &Tuple) -> String {
        let printed = self.columns.iter().zip(new).filter(|(_, value)| **value != Value::Unchanged);
        let set: Vec<String> = printed
            .enumerate()
            .map(|(number, (column, _))| {
                format!("{} = CAST(CAST(${} AS text) AS {})", column.name, number + 1, column.kind)
            })
            .collect();
        format!("UPDATE {} SET {} WHERE {}", self.holding.name, set.join(", "), key_is(&self.holding, set.len() + 1))
    }

    /// The values of the key's columns.
    pub(super) fn key_of(&self, row: &Tuple) -> Result<Vec<String>, FollowError> {
        let value = |place: &usize| match row.get(*place) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let key: Option<Vec<String>> = self.key.iter().map(value).collect();
        key.ok_or_else(|| self.wrong(&[], "the log printed a row without its key"))
    }

    /// Refuses a row that isn't the tenant's.
    pub(super) fn check(&self, row: &Tuple, tenant: TenantId) -> Result<(), FollowError> {
        if row.len() == self.columns.len() && row.get(self.tenant) == Some(&Value::Text(tenant.to_string())) {
            return Ok(());
        }
        Err(self.wrong(&self.key_of(row)?, "the log printed a row of somebody else"))
    }

    pub(super) fn wrong(&self, key: &[String], found: &'static str) -> FollowError {
        FollowError::Wrong { table: self.holding.name.to_string(), key: format!("({})", key.join(",")), found }
    }
}

fn insertion(holding: &Holding, columns: &[Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| column.name.to_string()).collect();
    let numbers = || 1..=columns.len();
    let values: Vec<String> =
        columns.iter().zip(numbers()).map(|(column, number)| format!("CAST(c{number} AS {})", column.kind)).collect();
    let arrays: Vec<String> = numbers().map(|number| format!("CAST(${number} AS text[])")).collect();
    let given: Vec<String> = numbers().map(|number| format!("c{number}")).collect();
    format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM unnest({}) AS given ({})",
        holding.name,
        names.join(", "),
        values.join(", "),
        arrays.join(", "),
        given.join(", ")
    )
}

fn deletion(holding: &Holding) -> String {
    let numbers = || 1..=holding.key.len();
    let kind = |name: &Ident| holding.column(name.as_str()).map_or("text", |column| column.kind.as_str());
    let join = |parts: Vec<String>, between: &str| parts.join(between);
    let given = join(numbers().map(|number| format!("c{number}")).collect(), ", ");
    let arrays = join(numbers().map(|number| format!("CAST(${number} AS text[])")).collect(), ", ");
    let keys = holding.key.iter().zip(numbers());
    let same: Vec<String> =
        keys.map(|(name, number)| format!("there.{name} = CAST(c{number} AS {})", kind(name))).collect();
    format!(
        "WITH given AS (SELECT * FROM unnest({arrays}) AS given ({given})),
           gone AS (DELETE FROM {} AS there USING given WHERE {} RETURNING {given})
         SELECT ARRAY[{given}] FROM (SELECT * FROM given EXCEPT ALL SELECT * FROM gone) AS missing LIMIT 1",
        holding.name,
        join(same, " AND "),
    )
}

/// Whether a row is that of a key, which begins with the parameter of the number.
fn key_is(holding: &Holding, first: usize) -> String {
    let parts = holding.key.iter().enumerate().map(|(place, name)| {
        let kind = holding.column(name.as_str()).map_or("text", |column| column.kind.as_str());
        format!("{name} = CAST(CAST(${} AS text) AS {kind})", first + place)
    });
    parts.collect::<Vec<_>>().join(" AND ")
}
