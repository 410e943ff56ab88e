//! The state of a database: what its catalog says of tables.

mod table;
mod trigger;

use std::collections::BTreeMap;

use sqlx::postgres::PgConnection;

pub(crate) use table::{
    ConstraintKind, Kind, LiveColumn, LiveConstraint, LiveGrant, LiveIndex, LiveName, LivePolicy, LiveTable,
};
pub(crate) use trigger::{LiveFunction, LiveTrigger};

use crate::ident::QualifiedName;
use crate::schema::PREFIX;

/// The comment on each object that the framework made: only what carries it is ever dropped.
pub(crate) const MARK: &str = "made by tenant-migration";

/// What the catalog says of the relations of these names, and of their partitions; one that is not there is left out.
///
/// Expressions and definitions are as the server prints them with `search_path = pg_catalog`, which is set for the rest
/// of the transaction: every name in them has its schema.
pub(crate) async fn read(
    connection: &mut PgConnection,
    names: impl IntoIterator<Item = &QualifiedName>,
) -> Result<BTreeMap<QualifiedName, LiveTable>, sqlx::Error> {
    let (schemas, tables): (Vec<&str>, Vec<&str>) =
        names.into_iter().map(|name| (name.schema.as_str(), name.name.as_str())).unzip();
    sqlx::query("SET LOCAL search_path = pg_catalog, pg_temp").execute(&mut *connection).await?;
    let query = sqlx::query_scalar(include_str!("tables.sql")).bind(schemas).bind(tables);
    let query = query.bind(MARK).bind(PREFIX);
    let lines: Vec<String> = query.persistent(false).fetch_all(connection).await?;
    let parse = |line: String| {
        let table: LiveTable =
            serde_json::from_str(&line).map_err(|error| sqlx::Error::Decode(format!("{error}: {line}").into()))?;
        Ok((table.qualified_name(), table))
    };
    lines.into_iter().map(parse).collect()
}

/// The partitions of a table, not those of its partitions.
pub(crate) fn children<'a>(
    live: &'a BTreeMap<QualifiedName, LiveTable>,
    parent: &QualifiedName,
) -> impl Iterator<Item = (&'a QualifiedName, &'a LiveTable)> {
    let parent = parent.clone();
    live.iter().filter(move |(_, table)| table.is_part_of(&parent))
}

/// The partitions of a table, at any depth.
pub(crate) fn descendants<'a>(
    live: &'a BTreeMap<QualifiedName, LiveTable>,
    name: &QualifiedName,
) -> Vec<(&'a QualifiedName, &'a LiveTable)> {
    let mut found: Vec<_> = children(live, name).collect();
    let mut next = 0;
    while let Some((name, _)) = found.get(next).copied() {
        found.extend(children(live, name));
        next += 1;
    }
    found
}
