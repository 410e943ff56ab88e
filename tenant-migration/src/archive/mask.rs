//! Columns that hold something else in an archive or a clone than they do.

use std::str::FromStr;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use crate::error::describe_sqlx;
use crate::holdings::{Column, Holding, Holdings};

/// What a column is to hold: `TABLE.COLUMN=EXPRESSION`, the table with its schema where that isn't `public`. The expression is SQL of
/// the same row, made the column's type; functions other than PostgreSQL's have their schema before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    schema: String,
    table: String,
    column: String,
    expression: String,
}

/// Why a mask can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaskError {
    /// It is not written as one.
    #[error("\"{text}\" is no mask: write TABLE.COLUMN=EXPRESSION")]
    Malformed {
        /// What was written.
        text: String,
    },
    /// No tenants' table is called that.
    #[error("mask of {mask}: no table of that name holds rows of tenants; there are {known}")]
    Table {
        /// The table and column.
        mask: String,
        /// Those that there are.
        known: String,
    },
    /// The table has no such column.
    #[error("mask of {mask}: the table stores no column of that name; there are {known}")]
    Column {
        /// The table and column.
        mask: String,
        /// Those that there are.
        known: String,
    },
    /// Rows are told apart by it.
    #[error("mask of {mask}: rows are told apart by that column, which stays as it is")]
    Key {
        /// The table and column.
        mask: String,
    },
    /// There are two of a column.
    #[error("mask of {mask}: there are two")]
    Twice {
        /// The table and column.
        mask: String,
    },
    /// PostgreSQL refuses it.
    #[error("mask of {mask}: {}", describe_sqlx(.source))]
    Expression {
        /// The table and column.
        mask: String,
        /// Why.
        source: sqlx::Error,
    },
}

impl FromStr for Mask {
    type Err = MaskError;

    fn from_str(text: &str) -> Result<Self, MaskError> {
        let malformed = || MaskError::Malformed { text: text.to_owned() };
        let (place, expression) = text.split_once('=').ok_or_else(malformed)?;
        let (schema, table, column) = match place.split('.').map(str::trim).collect::<Vec<_>>()[..] {
            [table, column] => ("public", table, column),
            [schema, table, column] => (schema, table, column),
            _ => return Err(malformed()),
        };
        if [schema, table, column, expression.trim()].contains(&"") {
            return Err(malformed());
        }
        let [schema, table, column, expression] = [schema, table, column, expression.trim()].map(str::to_owned);
        Ok(Self { schema, table, column, expression })
    }
}

impl Mask {
    /// The table and column, as an archive lists them.
    pub(super) fn place(&self) -> String {
        format!("{}.{}.{}", self.schema, self.table, self.column)
    }

    fn is_of(&self, holding: &Holding) -> bool {
        (holding.name.schema.as_str(), holding.name.name.as_str()) == (&self.schema, &self.table)
    }

    /// A comment at the end of the expression ends with its line.
    fn sql(&self, column: &Column) -> String {
        format!("CAST((\n{}\n) AS {})", self.expression, column.kind)
    }
}

/// What is read of a column.
pub(super) fn read(masks: &[Mask], holding: &Holding, column: &Column) -> String {
    let mask = masks.iter().find(|mask| mask.is_of(holding) && mask.column == column.name.as_str());
    mask.map_or_else(|| column.name.to_string(), |mask| mask.sql(column))
}

/// Refuses masks of what is not there or has to stay, and those that PostgreSQL doesn't understand.
pub(super) async fn check(connection: &mut PgConnection, masks: &[Mask], holdings: &Holdings) -> Result<(), MaskError> {
    for (number, mask) in masks.iter().enumerate() {
        let place = mask.place();
        let Some(holding) = holdings.iter().find(|holding| mask.is_of(holding)) else {
            let known: Vec<_> = holdings.iter().map(|holding| holding.name.to_string()).collect();
            return Err(MaskError::Table { mask: place, known: known.join(", ") });
        };
        let Some(column) = holding.column(&mask.column) else {
            return Err(MaskError::Column { mask: place, known: holding.column_list() });
        };
        if holding.key.contains(&column.name) {
            return Err(MaskError::Key { mask: place });
        }
        if masks[..number].iter().any(|other| other.place() == place) {
            return Err(MaskError::Twice { mask: place });
        }
        let look = format!("SELECT {} FROM {} LIMIT 0", mask.sql(column), holding.name);
        let looked = sqlx::query(AssertSqlSafe(look)).persistent(false).execute(&mut *connection).await;
        looked.map_err(|source| MaskError::Expression { mask: place, source })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_a_place_and_an_expression() {
        let mask: Mask = "users.email = id || '=' || name".parse().expect("a mask");
        assert_eq!((mask.place().as_str(), mask.expression.as_str()), ("public.users.email", "id || '=' || name"));
        let mask: Mask = "lab.users.email='x'".parse().expect("a mask");
        assert_eq!(mask.place(), "lab.users.email");
        for text in ["", "users.email", "email='x'", "a.b.c.d='x'", "users.email=", "users.=1", ".email=1"] {
            assert!(matches!(text.parse::<Mask>(), Err(MaskError::Malformed { .. })), "{text}");
        }
    }
}
