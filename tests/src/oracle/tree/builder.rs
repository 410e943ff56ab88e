//! The state of a tree while it is built.

use sea_orm::prelude::{ChronoDateTimeUtc, Json};
use sea_orm::sea_query::{Expr, IntoIden, Value};

use crate::oracle::choices::Choices;
use crate::oracle::shape::{Column, Table, Type};

/// A table under the name that it has in the query.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) table: &'static Table,
}

impl Source {
    pub(crate) fn column(&self, name: &'static str) -> Expr {
        Expr::col((self.name.clone().into_iden(), name))
    }

    pub(crate) fn key(&self) -> Expr {
        self.column(self.table.key)
    }
}

/// Builds one statement.
#[derive(Debug)]
pub(crate) struct Builder<'c> {
    pub(crate) choices: &'c mut Choices,
    names: usize,
}

impl<'c> Builder<'c> {
    pub(crate) const fn new(choices: &'c mut Choices) -> Self {
        Self { choices, names: 0 }
    }

    /// A name that nothing else in the statement has.
    pub(crate) fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// A number that hardly any other place in the statement has.
    pub(crate) fn number(&mut self) -> usize {
        self.names += 1;
        20 + self.names + self.choices.below(3)
    }

    pub(crate) fn value(&mut self, column: &Column) -> Value {
        let text = *self.choices.pick(column.values);
        value(column.kind, text)
    }

    pub(crate) fn column(&mut self, sources: &[Source]) -> (Source, &'static Column) {
        let source = self.choices.pick(sources).clone();
        let column = self.choices.pick(source.table.columns);
        (source, column)
    }

    /// A column of this type, if there is one.
    pub(crate) fn column_of(&mut self, sources: &[Source], kind: Type) -> Option<Expr> {
        let columns: Vec<(&Source, &'static str)> = sources
            .iter()
            .flat_map(|source| source.table.columns.iter().map(move |column| (source, column)))
            .filter(|(_, column)| column.kind == kind)
            .map(|(source, column)| (source, column.name))
            .collect();
        if columns.is_empty() {
            return None;
        }
        let (source, column) = *self.choices.pick(&columns);
        Some(source.column(column))
    }
}

/// A constant as SeaORM binds it.
fn value(kind: Type, text: &str) -> Value {
    let quoted = text.split('\'').nth(1).unwrap_or(text);
    match kind {
        Type::Uuid => Value::Uuid(quoted.parse().ok()),
        Type::Text => quoted.into(),
        Type::Int => Value::Int(text.parse().ok()),
        Type::Float => Value::Double(text.trim_end_matches("::float8").trim_matches(['(', ')']).parse().ok()),
        Type::Time => {
            let time: Option<ChronoDateTimeUtc> = format!("{}Z", quoted.get(..19).unwrap_or_default()).parse().ok();
            time.into()
        }
        Type::Json => quoted.parse::<Json>().unwrap_or_default().into(),
    }
}
