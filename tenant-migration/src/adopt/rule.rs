//! Whose each row is, as SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use tenant_core::{DEFAULT_SCHEMA, TableName, TenantId};

use super::adoption::Adoption;
use super::problem::AdoptionProblem;
use crate::desired::Desired;
use crate::ident::{Ident, QualifiedName};
use crate::live::LiveTable;
use crate::schema::TableSchema;

/// What says whose a row is.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Expression(String),
    /// The row that these columns refer to.
    Reference {
        target: QualifiedName,
        pairs: Vec<(Ident, Ident)>,
    },
    Constant(TenantId),
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expression(expression) => write!(f, "the expression {expression}"),
            Self::Reference { target, pairs } => {
                let columns: Vec<&str> = pairs.iter().map(|(column, _)| column.as_str()).collect();
                write!(f, "the row of {} that ({}) refers to", target.name.as_str(), columns.join(", "))
            }
            Self::Constant(tenant) => write!(f, "the tenant {tenant}"),
        }
    }
}

/// How a table's tenant column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Missing,
    /// It may be NULL.
    Open,
    /// It may not: the rows say whose they are.
    Whole,
}

/// A scoped table of the registry that is there.
#[derive(Clone, Debug)]
pub(super) struct Ruled<'a> {
    pub(super) schema: &'a TableSchema,
    pub(super) have: LiveTable,
    pub(super) key: Ident,
    pub(super) column: Column,
    pub(super) rule: Option<Rule>,
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Rules<'a> {
    pub(super) tables: BTreeMap<QualifiedName, Ruled<'a>>,
    /// Those without a whole tenant column, each after the one it takes its tenant from.
    pub(super) order: Vec<QualifiedName>,
}

/// The row that a rule is asked about, at the depth of its sub-select.
pub(super) fn row(depth: u32) -> String {
    format!("tenancy_row_{depth}")
}

impl<'a> Rules<'a> {
    /// The rules that follow from the entities and from what is said, and what is missing in them.
    pub(super) fn resolve(
        desired: &'a Desired,
        live: &BTreeMap<QualifiedName, LiveTable>,
        adoption: &Adoption,
    ) -> (Self, Vec<AdoptionProblem>) {
        let mut problems = Vec::new();
        let mut tables = BTreeMap::new();
        for schema in &desired.tables {
            let (Some(key), Some(have)) = (schema.tenant_key(), live.get(schema.name())) else { continue };
            let column = match have.column(key) {
                None => Column::Missing,
                Some(column) if column.kind != "uuid" => {
                    let (table, have) = (schema.described().clone(), column.kind.clone());
                    problems.push(AdoptionProblem::ColumnType { table, column: key.to_owned(), have });
                    continue;
                }
                Some(column) if column.not_null => Column::Whole,
                Some(_) => Column::Open,
            };
            let ruled = Ruled { schema, have: have.clone(), key: Ident::live(key), column, rule: None };
            tables.insert(schema.name().clone(), ruled);
        }
        problems.extend(unknown(&tables, adoption));
        let scoped: BTreeSet<&QualifiedName> =
            desired.tables.iter().filter(|table| table.tenant_key().is_some()).map(TableSchema::name).collect();
        for ruled in tables.values_mut().filter(|ruled| ruled.column != Column::Whole) {
            match decide(ruled.schema, &scoped, adoption) {
                Ok(rule) => ruled.rule = Some(rule),
                Err(problem) => problems.push(*problem),
            }
        }
        let mut rules = Self { tables, order: Vec::new() };
        problems.extend(rules.sort());
        (rules, problems)
    }

    /// Puts each table after the one it takes its tenant from.
    fn sort(&mut self) -> Option<AdoptionProblem> {
        let open = |ruled: &&Ruled<'_>| ruled.column != Column::Whole;
        let mut waiting: Vec<&QualifiedName> =
            self.tables.values().filter(open).map(|ruled| ruled.schema.name()).collect();
        while !waiting.is_empty() {
            let ready = |name: &QualifiedName| match self.tables.get(name).and_then(|ruled| ruled.rule.as_ref()) {
                Some(Rule::Reference { target, .. }) => !waiting.contains(&target),
                _ => true,
            };
            let Some(place) = waiting.iter().position(|name| ready(name)) else {
                let tables = waiting.iter().map(|name| name.name.as_str()).collect::<Vec<_>>().join(", ");
                return Some(AdoptionProblem::Circle { tables });
            };
            self.order.push(waiting.remove(place).clone());
        }
        None
    }

    /// The tables whose rows are to be filled, in order.
    pub(super) fn open(&self) -> impl Iterator<Item = &Ruled<'a>> {
        self.order.iter().filter_map(|name| self.tables.get(name))
    }

    /// The same, once the columns are there.
    pub(super) fn with_columns(mut self) -> Self {
        for ruled in self.tables.values_mut().filter(|ruled| ruled.column == Column::Missing) {
            ruled.column = Column::Open;
        }
        self
    }

    /// The tenant of the row at this depth: what its column says, else what the rule does.
    pub(super) fn tenant(&self, ruled: &Ruled<'_>, depth: u32) -> String {
        let stored = format!("{}.{}", row(depth), ruled.key);
        match ruled.column {
            Column::Whole => stored,
            Column::Open => format!("coalesce({stored}, {})", self.by_rule(ruled, depth)),
            Column::Missing => self.by_rule(ruled, depth),
        }
    }

    /// What the rule says of the row at this depth.
    pub(super) fn by_rule(&self, ruled: &Ruled<'_>, depth: u32) -> String {
        let row_here = row(depth);
        match &ruled.rule {
            // The row has its table's name in it. A comment in it ends with its line.
            Some(Rule::Expression(expression)) => format!(
                "(SELECT CAST((\n{expression}\n) AS uuid) FROM (SELECT {row_here}.*) AS {})",
                ruled.schema.name().name
            ),
            Some(Rule::Constant(tenant)) => format!("CAST('{tenant}' AS uuid)"),
            Some(Rule::Reference { target, pairs }) => {
                let Some(parent) = self.tables.get(target) else { return "CAST(NULL AS uuid)".to_owned() };
                let there = row(depth + 1);
                let joined: Vec<String> = pairs
                    .iter()
                    .map(|(column, referred)| format!("{there}.{referred} = {row_here}.{column}"))
                    .collect();
                let tenant = self.tenant(parent, depth + 1);
                format!("(SELECT {tenant} FROM {target} AS {there} WHERE {})", joined.join(" AND "))
            }
            None => "CAST(NULL AS uuid)".to_owned(),
        }
    }
}

fn is_called(table: &TableName, name: &str) -> bool {
    table.to_string() == name || (table.schema == DEFAULT_SCHEMA && table.table == name)
}

fn given<'m, V>(said: &'m [(String, V)], table: &TableName) -> Option<&'m V> {
    said.iter().find(|(name, _)| is_called(table, name)).map(|(_, value)| value)
}

/// The tables of which something is said, as they are named.
fn said_of(adoption: &Adoption) -> impl Iterator<Item = &str> {
    let expressions = adoption.expressions.iter().map(|(table, _)| table.as_str());
    expressions.chain(adoption.references.iter().map(|(table, _)| table.as_str()))
}

fn unknown(tables: &BTreeMap<QualifiedName, Ruled<'_>>, adoption: &Adoption) -> Vec<AdoptionProblem> {
    let known = |name: &str| tables.values().any(|ruled| is_called(ruled.schema.described(), name));
    said_of(adoption)
        .filter(|name| !known(name))
        .map(|name| AdoptionProblem::UnknownTable { table: name.to_owned() })
        .collect()
}

fn decide(
    table: &TableSchema,
    scoped: &BTreeSet<&QualifiedName>,
    adoption: &Adoption,
) -> Result<Rule, Box<AdoptionProblem>> {
    let described = table.described();
    if said_of(adoption).filter(|name| is_called(described, name)).count() > 1 {
        return Err(Box::new(AdoptionProblem::SaidTwice { table: described.clone() }));
    }
    if let Some(expression) = given(&adoption.expressions, described) {
        return Ok(Rule::Expression(expression.clone()));
    }
    let references: Vec<(&QualifiedName, Vec<(&Ident, &Ident)>)> = table
        .references()
        .iter()
        .filter(|key| key.target() != table.name() && scoped.contains(key.target()))
        .map(|key| (key.target(), key.own_pairs()))
        .filter(|(_, pairs)| !pairs.is_empty())
        .collect();
    let columns = |pairs: &[(&Ident, &Ident)]| pairs.iter().map(|(column, _)| column.as_str().to_owned()).collect();
    let rule = |(target, pairs): &(&QualifiedName, Vec<(&Ident, &Ident)>)| Rule::Reference {
        target: (*target).clone(),
        pairs: pairs.iter().map(|(column, referred)| ((*column).clone(), (*referred).clone())).collect(),
    };
    if let Some(wanted) = given(&adoption.references, described) {
        let found = references.iter().find(|(_, pairs)| {
            let own: BTreeSet<String> = columns(pairs);
            own == wanted.iter().cloned().collect()
        });
        return found
            .map(rule)
            .ok_or_else(|| AdoptionProblem::NoReference { table: described.clone(), columns: wanted.join(", ") })
            .map_err(Box::new);
    }
    match (references.as_slice(), adoption.tenant) {
        ([only], _) => Ok(rule(only)),
        (_, Some(tenant)) => Ok(Rule::Constant(tenant)),
        (several, None) => Err(Box::new(AdoptionProblem::Undecided {
            table: described.clone(),
            candidates: several
                .iter()
                .map(|(_, pairs)| {
                    let own: Vec<String> = pairs.iter().map(|(column, _)| column.as_str().to_owned()).collect();
                    own.join(",")
                })
                .collect(),
        })),
    }
}
