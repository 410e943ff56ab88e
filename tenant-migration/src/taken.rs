//! Names that a plan gives and somebody else's relations have. In a schema tables, indexes, views and sequences share one space
//! of names.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sqlx::postgres::PgConnection;

use crate::change::Change;
use crate::conflict::Conflict;
use crate::ident::QualifiedName;
use crate::live::{Kind, LiveName};
use crate::name::object_name;
use crate::step::Step;

/// What has a name.
#[derive(Debug, Deserialize)]
struct Holder {
    #[serde(flatten)]
    name: LiveName,
    kind: Kind,
    /// Of an index: its table.
    table: Option<String>,
}

/// The changes that can't be made, because a name in them is taken when their turn comes; `tables` are the new ones.
pub(crate) async fn conflicts<'a>(
    connection: &mut PgConnection,
    changes: &[Change],
    tables: impl Iterator<Item = &'a QualifiedName>,
) -> Result<Vec<Conflict>, sqlx::Error> {
    let wanted: BTreeSet<&QualifiedName> = steps(changes).flat_map(|(_, step)| &step.takes).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut taken = holders(connection, wanted, tables.collect()).await?;
    let mut conflicts = Vec::new();
    for (change, step) in steps(changes) {
        step.frees.iter().for_each(|name| drop(taken.remove(name)));
        for name in &step.takes {
            // Said once.
            conflicts.extend(taken.remove(name).map(|holder| conflict(change, name, &holder)));
        }
    }
    Ok(conflicts)
}

fn steps(changes: &[Change]) -> impl Iterator<Item = (&Change, &Step)> {
    changes.iter().flat_map(|change| change.steps.iter().map(move |step| (change, step)))
}

async fn holders(
    connection: &mut PgConnection,
    relations: BTreeSet<&QualifiedName>,
    tables: BTreeSet<&QualifiedName>,
) -> Result<BTreeMap<QualifiedName, Holder>, sqlx::Error> {
    let columns = |names: BTreeSet<&QualifiedName>| -> (Vec<String>, Vec<String>) {
        names.into_iter().map(|name| (name.schema.as_str().to_owned(), name.name.as_str().to_owned())).unzip()
    };
    let ((schemas, names), (type_schemas, types)) = (columns(relations), columns(tables));
    let query = sqlx::query_scalar(include_str!("../sql/relation_names.sql"));
    let query = query.bind(schemas).bind(names).bind(type_schemas).bind(types);
    let lines: Vec<String> = query.persistent(false).fetch_all(connection).await?;
    let parse = |line: String| {
        let holder: Holder =
            serde_json::from_str(&line).map_err(|error| sqlx::Error::Decode(format!("{error}: {line}").into()))?;
        Ok((holder.name.qualified(), holder))
    };
    lines.into_iter().map(parse).collect()
}

fn conflict(change: &Change, name: &QualifiedName, holder: &Holder) -> Conflict {
    let of = holder.table.as_ref().map(|table| format!(" of {table}")).unwrap_or_default();
    let other = object_name(&name.name, &[], "old").unwrap_or_else(|_| name.name.clone());
    Conflict::RelationName {
        change: change.name.clone(),
        name: name.to_string(),
        holder: format!("{}{of}", holder.kind.words()),
        repair: format!("ALTER {} {name} RENAME TO {other}", holder.kind.keyword()),
    }
}
