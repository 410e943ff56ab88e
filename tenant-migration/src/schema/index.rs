//! An index, led by the tenant column.

use std::fmt;

use tenant_core::{Direction, Index, Table, Unique};

use super::table::Place;
use crate::ident::{Ident, IdentError, List, QualifiedName};
use crate::name::{RelationNames, digest, object_name};
use crate::step::Step;

/// An index that is not a constraint: any index, and a uniqueness rule that holds among some rows only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct IndexSchema {
    name: QualifiedName,
    table: QualifiedName,
    unique: bool,
    columns: Vec<(Ident, Direction)>,
    include: Vec<Ident>,
    filter: Option<String>,
}

impl IndexSchema {
    pub(super) fn of(
        index: &Index,
        table: &Table,
        name: &QualifiedName,
        names: &mut RelationNames,
    ) -> Result<Self, IdentError> {
        let declared = index.columns().iter().map(|column| (column.name.as_str(), column.direction));
        let include = index.included().iter().map(String::as_str).filter(|name| Some(*name) != table.tenant_key());
        let include = Ident::all(include)?;
        Self::build(false, declared, include, index.filter_expression(), table, name, names)
    }

    pub(super) fn of_unique(
        unique: &Unique,
        filter: &str,
        table: &Table,
        name: &QualifiedName,
        names: &mut RelationNames,
    ) -> Result<Self, IdentError> {
        let declared = unique.columns().iter().map(|column| (column.as_str(), Direction::Ascending));
        Self::build(true, declared, Vec::new(), Some(filter), table, name, names)
    }

    fn build<'a>(
        unique: bool,
        declared: impl Iterator<Item = (&'a str, Direction)>,
        include: Vec<Ident>,
        filter: Option<&str>,
        described: &'a Table,
        table: &QualifiedName,
        names: &mut RelationNames,
    ) -> Result<Self, IdentError> {
        let key = described.tenant_key();
        let declared: Vec<_> = declared.filter(|(name, _)| Some(*name) != key).collect();
        let led = key.map(|key| (key, Direction::Ascending)).into_iter().chain(declared.iter().copied());
        let columns =
            led.map(|(name, direction)| Ok((Ident::new(name)?, direction))).collect::<Result<Vec<_>, IdentError>>()?;
        let suffix = if unique { "key" } else { "idx" };
        let wished = object_name(&table.name, &name_parts(key, &declared, &include, filter), suffix)?;
        let mut index = Self {
            name: QualifiedName { schema: table.schema.clone(), name: wished },
            table: table.clone(),
            unique,
            columns,
            include,
            filter: filter.map(str::to_owned),
        };
        let definition = index.definition();
        index.name.name = names.claim(&table.schema, index.name.name.clone(), suffix, &definition)?;
        Ok(index)
    }

    pub(super) fn step(&self) -> Step {
        let what = match (self.unique, &self.filter) {
            (true, _) => "unique within a tenant, among some rows",
            (false, Some(_)) => "an index of some rows",
            (false, None) if !self.include.is_empty() => "an index that covers a query",
            (false, None) => "an index",
        };
        Step::owner(
            format!("{what} of {}", self.table.name.as_str()),
            format!("{self};"),
            format!("DROP INDEX {};", self.name),
        )
        .taking(&self.name)
    }

    pub(super) fn relocated(&self, place: Place<'_>) -> Self {
        let table = place(&self.table);
        let name = QualifiedName { schema: table.schema.clone(), name: self.name.name.clone() };
        Self { name, table, ..self.clone() }
    }

    /// The columns and what follows, without the index's own name.
    fn definition(&self) -> String {
        let columns = self.columns.iter().map(|(name, direction)| match direction {
            Direction::Ascending => name.to_string(),
            Direction::Descending => format!("{name} DESC"),
        });
        let mut sql = format!("{} ({})", self.table, columns.collect::<Vec<_>>().join(", "));
        if !self.include.is_empty() {
            sql += &format!(" INCLUDE ({})", List(&self.include));
        }
        if let Some(filter) = &self.filter {
            sql += &format!(" WHERE ({filter})");
        }
        sql
    }
}

impl fmt::Display for IndexSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unique = if self.unique { "UNIQUE " } else { "" };
        write!(f, "CREATE {unique}INDEX {} ON {}", self.name.name, self.definition())
    }
}

/// What an index is called after: its columns without the tenant's, and a digest of what else tells it from another
/// on the same columns. Its siblings have no say, so that a new index never renames an old one.
fn name_parts(
    key: Option<&str>,
    declared: &[(&str, Direction)],
    include: &[Ident],
    filter: Option<&str>,
) -> Vec<String> {
    let mut parts: Vec<String> = declared
        .iter()
        .map(|(name, direction)| match direction {
            Direction::Ascending => (*name).to_owned(),
            Direction::Descending => format!("{name}_desc"),
        })
        .collect();
    if parts.is_empty() {
        parts.extend(key.map(str::to_owned));
    }
    if !include.is_empty() || filter.is_some() {
        parts.push(digest(&format!("{} {}", List(include), filter.unwrap_or_default())));
    }
    parts
}
