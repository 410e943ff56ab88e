//! What the server makes of the desired state: tables made beside the real ones, read and thrown away.
//!
//! A type, a default or a condition reads differently once the server has kept it (`IN` becomes `= ANY (ARRAY[…])`), and
//! each release has its own ways. So nothing of ours guesses: both sides of a comparison are read from the catalog.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;

use crate::desired::Desired;
use crate::ident::{Ident, QualifiedName};
use crate::live::{self, ConstraintKind, LiveTable};
use crate::schema::TableSchema;
use crate::session;
use crate::step::Actor;

/// The tables of `names` as the server would keep them, and those they refer to. They are made within the transaction
/// that the connection is in, which must be rolled back.
pub(crate) async fn read(
    connection: &mut PgConnection,
    desired: &Desired,
    names: &BTreeSet<QualifiedName>,
) -> Result<BTreeMap<QualifiedName, LiveTable>, sqlx::Error> {
    let tables = with_targets(desired, names);
    let schemas: BTreeSet<&Ident> = tables.iter().map(|table| &table.name().schema).collect();
    let run = fastrand::u32(..);
    let shadows: BTreeMap<&Ident, Ident> =
        schemas.into_iter().zip(0..).map(|(schema, n)| (schema, shadow(run, n))).collect();
    let place = |name: &QualifiedName| QualifiedName {
        schema: shadows.get(&name.schema).unwrap_or(&name.schema).clone(),
        name: name.name.clone(),
    };

    let act = session::act_as(Actor::Owner, &desired.roles, session::Scope::Transaction);
    let make: String = shadows.values().map(|shadow| format!("CREATE SCHEMA {shadow};\n")).collect();
    let (made, keys): (Vec<String>, Vec<String>) =
        tables.iter().map(|table| table.shadow(&desired.roles, &place)).unzip();
    // A foreign key is looked at even where there is no row, and the owner may not look past row-level security.
    let act = format!("SET LOCAL row_security = on;\n{act}\n");
    let script = [act, make, made.concat(), keys.concat()].concat();
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut *connection).await?;

    let places: Vec<QualifiedName> = tables.iter().map(|table| place(table.name())).collect();
    let mut seen = live::read(connection, &places).await?;
    read_again(connection, &places, &mut seen).await?;
    let real = real_names(connection, &shadows).await?;
    let mut found = BTreeMap::new();
    for (table, place) in tables.iter().zip(&places) {
        let Some(mut shadow) = seen.remove(place) else { continue };
        for key in &mut shadow.constraints {
            let Some(target) = &mut key.target else { continue };
            if let Some((schema, quoted)) = real.get(&target.schema) {
                let (in_shadow, outside) =
                    (format!(" REFERENCES {}.", target.schema), format!(" REFERENCES {quoted}."));
                key.definition = key.definition.replacen(&in_shadow, &outside, 1);
                target.schema.clone_from(schema);
            }
        }
        found.insert(table.name().clone(), shadow);
    }
    Ok(found)
}

/// What the server prints it may print differently once it has read that: `'a'::varchar` within an array, for one. A
/// condition that was made from what it printed, or that went along with a column's new type, is the same in other words.
async fn read_again(
    connection: &mut PgConnection,
    places: &[QualifiedName],
    seen: &mut BTreeMap<QualifiedName, LiveTable>,
) -> Result<(), sqlx::Error> {
    let mut script = String::new();
    for (place, table) in &*seen {
        for check in table.constraints(ConstraintKind::Check) {
            let name = Ident::live(&check.name);
            let again = format!("DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {}", check.definition);
            script += &format!("ALTER TABLE {place} {again};\n");
        }
        for index in table.indexes.iter().filter(|index| index.condition().is_some()) {
            let (name, unique) = (Ident::live(&index.name), if index.unique { "UNIQUE " } else { "" });
            script += &format!("DROP INDEX {}.{name};\n", place.schema);
            script += &format!("CREATE {unique}INDEX {name} ON {place} USING {};\n", index.definition);
        }
    }
    if script.is_empty() {
        return Ok(());
    }
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut *connection).await?;
    let again = live::read(connection, places).await?;
    for (place, table) in seen {
        let Some(again) = again.get(place) else { continue };
        for check in &mut table.constraints {
            check.read_again = again.constraint(&check.name).map(|again| again.definition.clone());
        }
        for index in &mut table.indexes {
            index.read_again = again.index(&index.name).map(|again| again.definition.clone());
        }
    }
    Ok(())
}

/// For each shadow the schema it stands for, bare and as the server prints it.
async fn real_names(
    connection: &mut PgConnection,
    shadows: &BTreeMap<&Ident, Ident>,
) -> Result<BTreeMap<String, (String, String)>, sqlx::Error> {
    let schemas: Vec<&str> = shadows.keys().map(|schema| schema.as_str()).collect();
    let quote = sqlx::query_scalar(
        "SELECT quote_ident(name) FROM unnest($1::text[]) WITH ORDINALITY AS s (name, n) ORDER BY n",
    );
    let quoted: Vec<String> = quote.bind(&schemas).persistent(false).fetch_all(connection).await?;
    let names = schemas.into_iter().map(str::to_owned).zip(quoted);
    Ok(shadows.values().map(|shadow| shadow.as_str().to_owned()).zip(names).collect())
}

/// A name that needs no quotes, whatever prints it, and that nobody has.
fn shadow(run: u32, number: u32) -> Ident {
    Ident::live(&format!("tenancy_shadow_{run:08x}_{number}"))
}

/// The tables of these names, and all that a foreign key leads to from there.
fn with_targets<'a>(desired: &'a Desired, names: &BTreeSet<QualifiedName>) -> Vec<&'a TableSchema> {
    let by_name: BTreeMap<_, _> = desired.tables.iter().map(|table| (table.name(), table)).collect();
    let mut waiting: Vec<&QualifiedName> = names.iter().collect();
    let mut found = BTreeMap::new();
    while let Some(name) = waiting.pop() {
        if let Some(table) = by_name.get(name).filter(|table| !found.contains_key(table.name())) {
            found.insert(table.name(), *table);
            waiting.extend(table.targets());
        }
    }
    found.into_values().collect()
}
