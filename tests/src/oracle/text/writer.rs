//! The state of a text while it is written: what is visible where, and which names are taken.

use sea_orm::{DbBackend, Statement, Value};

use crate::oracle::choices::Choices;
use crate::oracle::shape::{self, Column, Table, Type};

/// Subqueries, joins and set operations that a statement may still have, so that no text grows without end.
const BUDGET: usize = 12;

/// Writes one statement.
#[derive(Debug)]
pub(crate) struct Writer<'c> {
    pub(crate) choices: &'c mut Choices,
    /// What each enclosing query can see, innermost last.
    pub(crate) frames: Vec<Vec<Source>>,
    /// Common table expressions in sight, innermost last.
    pub(crate) common: Vec<Source>,
    /// Whether only the innermost query's columns count, as inside an aggregate, which otherwise belongs to an outer query.
    pub(crate) local: bool,
    values: Vec<Value>,
    /// Tables that stand somewhere without an alias.
    bare: Vec<&'static str>,
    names: usize,
    budget: usize,
}

/// Something with columns that a query can name.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Type)>,
    /// The table it is, with all that only tables have.
    pub(crate) table: Option<&'static Table>,
}

impl Source {
    pub(crate) fn of_table(name: impl Into<String>, table: &'static Table) -> Self {
        let columns = table.columns.iter().map(|column| (column.name.to_owned(), column.kind)).collect();
        Self { name: name.into(), columns, table: Some(table) }
    }

    /// A column of this type, as text.
    pub(crate) fn columns_of(&self, kind: Type) -> impl Iterator<Item = String> {
        self.columns.iter().filter(move |(_, of)| *of == kind).map(|(column, _)| format!("{}.{column}", self.name))
    }

    /// What tells any two of its rows apart, as far as they differ.
    pub(crate) fn identity(&self) -> Vec<String> {
        match self.table {
            Some(table) => vec![format!("{}.{}", self.name, table.key)],
            None => self.columns.iter().map(|(column, _)| format!("{}.{column}", self.name)).collect(),
        }
    }
}

impl<'c> Writer<'c> {
    pub(crate) const fn new(choices: &'c mut Choices) -> Self {
        Self {
            choices,
            frames: Vec::new(),
            common: Vec::new(),
            local: false,
            values: Vec::new(),
            bare: Vec::new(),
            names: 0,
            budget: BUDGET,
        }
    }

    /// The statement, with the bound values that its text has come to use.
    pub(crate) fn finish(self, sql: &str) -> Statement {
        let mut parts = sql.split('$');
        let mut text = parts.next().unwrap_or_default().to_owned();
        let mut used: Vec<usize> = Vec::new();
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
            let number = part[..end].parse().unwrap_or_default();
            let position = used.iter().position(|known| *known == number).unwrap_or_else(|| {
                used.push(number);
                used.len() - 1
            });
            text += &format!("${}{}", position + 1, &part[end..]);
        }
        let values: Vec<Value> = used.iter().filter_map(|number| self.values.get(number - 1).cloned()).collect();
        Statement::from_sql_and_values(DbBackend::Postgres, text, values)
    }

    /// Takes part of the budget; false when none is left.
    pub(crate) const fn spend(&mut self) -> bool {
        let any = self.budget > 0;
        self.budget = self.budget.saturating_sub(1);
        any
    }

    /// A name that nothing else in the statement has.
    pub(crate) fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// A number of two digits that hardly any other place in the statement has.
    pub(crate) fn number(&mut self) -> usize {
        self.names += 1;
        20 + (self.names + self.choices.below(3)) % 80
    }

    /// A bound value.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// A constant, in the text or bound.
    pub(crate) fn constant(&mut self, kind: Type) -> String {
        let text = *self.choices.pick(kind.constants());
        self.bound_or_not(kind, text)
    }

    /// A constant that a column often holds.
    pub(crate) fn constant_of(&mut self, column: &Column) -> String {
        let text = *self.choices.pick(column.values);
        self.bound_or_not(column.kind, text)
    }

    fn bound_or_not(&mut self, kind: Type, text: &str) -> String {
        if !self.choices.chance(30) {
            return text.to_owned();
        }
        match kind {
            Type::Text => self.bind(text.trim_matches('\'').to_owned()),
            Type::Uuid => match text.split('\'').nth(1).and_then(|id| id.parse::<uuid::Uuid>().ok()) {
                Some(id) => self.bind(id),
                None => text.to_owned(),
            },
            Type::Int => match text.parse::<i32>() {
                Ok(number) => self.bind(number),
                Err(_) => text.to_owned(),
            },
            Type::Float | Type::Time | Type::Json => text.to_owned(),
        }
    }

    /// A column in sight, mostly of the innermost query.
    pub(crate) fn column(&mut self, kind: Type) -> Option<String> {
        let outer = !self.local && self.choices.chance(20);
        let frames = self.frames.iter().rev().take(if self.local { 1 } else { usize::MAX });
        let of_frame =
            |frame: &Vec<Source>| -> Vec<String> { frame.iter().flat_map(|source| source.columns_of(kind)).collect() };
        let mut found: Vec<Vec<String>> = frames.map(of_frame).filter(|columns| !columns.is_empty()).collect();
        if outer && found.len() > 1 {
            found.remove(0);
        }
        let columns = found.first()?;
        Some(self.choices.pick(columns).clone())
    }

    /// Whether the table may stand without an alias: the first time only, so that no name means two things.
    pub(crate) fn take_bare(&mut self, table: &'static Table) -> bool {
        let free = !self.bare.contains(&table.name) && self.choices.chance(30);
        if free {
            self.bare.push(table.name);
        }
        free
    }

    /// A table that reads choose from, often one that belongs to tenants.
    pub(crate) fn any_table(&mut self) -> &'static Table {
        const FAVOURITES: [&str; 10] = [
            "molecules",
            "docking_jobs",
            "job_results",
            "pipelines",
            "users",
            "docking_jobs",
            "memberships",
            "targets",
            "organizations",
            "molecules",
        ];
        let name = *self.choices.pick(&FAVOURITES);
        shape::table(name).unwrap_or(&shape::TABLES[0])
    }
}
