//! The tenant column, and the trigger that fills it in rows that old programs write.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;

use super::rule::{Column, Rule, Ruled, Rules, row};
use crate::change::Change;
use crate::ident::{Ident, QualifiedName};
use crate::live::{LiveColumn, MARK};
use crate::name::{digest, object_name};
use crate::step::{LockMode, Step};
use crate::template::literal;

/// Triggers fire in the order of their names: this one last, after what the application's own make of the row.
pub(super) const TRIGGER: &str = "zz_tenancy_fill";

/// The change of a table, and whether it does more than to write the function anew.
pub(super) fn change(rules: &Rules<'_>, ruled: &Ruled<'_>, triggers: &BTreeSet<QualifiedName>) -> (Change, bool) {
    let table = ruled.schema.name();
    let what = table.name.as_str();
    let mut steps = Vec::new();
    if ruled.column == Column::Missing {
        let step = Step::owner(
            format!("{what}: whose each row is, not said yet"),
            format!("ALTER TABLE {table} ADD COLUMN {} uuid;", ruled.key),
            format!("ALTER TABLE {table} DROP COLUMN {};", ruled.key),
        );
        steps.push(step.locking(LockMode::AccessExclusive, table));
    }
    let function = function(table);
    steps.push(Step::owner(
        format!("{what}: whose a row is that says nothing"),
        definition(rules, ruled, &function),
        format!("DROP FUNCTION IF EXISTS {function};"),
    ));
    if !triggers.contains(table) {
        let up = format!(
            "CREATE TRIGGER {TRIGGER} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function};\n{}",
            marking(table)
        );
        let step = Step::owner(
            format!("{what}: rows that old programs write are filled"),
            up,
            format!("DROP TRIGGER IF EXISTS {TRIGGER} ON {table};"),
        );
        steps.push(step.locking(LockMode::ShareRowExclusive, table));
    }
    let lasting = steps.len() > 1;
    (Change::new(format!("table {}: tenant column", ruled.schema.described()), steps), lasting)
}

/// The change that takes the trigger away.
pub(super) fn removal(table: &QualifiedName) -> Change {
    let up = format!("DROP TRIGGER IF EXISTS {TRIGGER} ON {table};\nDROP FUNCTION IF EXISTS {};", function(table));
    let step = Step::forward(format!("{}: a row without a tenant is refused", table.name.as_str()), up);
    let step = step.locking(LockMode::AccessExclusive, table);
    Change::new(format!("table {}.{}: no more filling", table.schema.as_str(), table.name.as_str()), vec![step])
}

/// The change that does nothing now, and on its way back fills rows again as they are filled now.
///
/// As the database has it: who goes to the end needn't say again whose the rows are.
pub(super) async fn made_again(connection: &mut PgConnection, table: &QualifiedName) -> Result<Change, sqlx::Error> {
    let query =
        "SELECT pg_catalog.pg_get_functiondef(tgfoid), pg_catalog.pg_get_triggerdef(oid) FROM pg_catalog.pg_trigger
                 WHERE tgrelid = CAST($1 AS regclass) AND tgname = $2";
    let query = sqlx::query_as(query).bind(table.to_string()).bind(TRIGGER).persistent(false);
    let (definition, trigger): (String, String) = query.fetch_one(connection).await?;
    let down = format!(
        "{definition};\nREVOKE ALL ON FUNCTION {} FROM PUBLIC;\nDROP TRIGGER IF EXISTS {TRIGGER} ON {table};\n{trigger};\n{}",
        function(table),
        marking(table)
    );
    let step = Step::backward(format!("{}: rows that old programs write are filled", table.name.as_str()), down);
    let step = step.locking(LockMode::ShareRowExclusive, table);
    Ok(Change::new(format!("table {}.{}: filling", table.schema.as_str(), table.name.as_str()), vec![step]))
}

fn marking(table: &QualifiedName) -> String {
    format!("COMMENT ON TRIGGER {TRIGGER} ON {table} IS {};", literal(MARK))
}

fn function(table: &QualifiedName) -> String {
    // The parts fit by construction: a digest and a suffix.
    let name = object_name(&table.name, &[digest(&table.to_string())], "fill");
    let name = name.unwrap_or_else(|_| Ident::live(&digest(&table.to_string())));
    format!("tenancy.{name}()")
}

/// With the owner's rights: a program may write a table without the right to read what its rows refer to.
///
/// An UPDATE that doesn't name a tenant is asked again where the row may refer to another one now. What the rule says of a row
/// alike before and after is no reason to move it: its tenant may come from a program that names one.
fn definition(rules: &Rules<'_>, ruled: &Ruled<'_>, function: &str) -> String {
    let (key, table) = (&ruled.key, ruled.schema.name());
    let asked = |record| format!("(SELECT {} FROM {})", rules.by_rule(ruled, 0), written(ruled, record));
    let moved = format!("NEW.{key} IS DISTINCT FROM OLD.{key}");
    let stays = match &ruled.rule {
        Some(Rule::Reference { .. }) | None => moved,
        Some(Rule::Expression(_)) => format!("{moved} OR {} IS NOT DISTINCT FROM {}", asked("NEW"), asked("OLD")),
        Some(Rule::Constant(_)) => "true".to_owned(),
    };
    let body = format!(
        "#variable_conflict use_column
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.{key} IS NOT NULL THEN
      RETURN NEW;
    END IF;
  ELSIF NEW.{key} IS NOT NULL THEN
    IF {stays} THEN
      RETURN NEW;
    END IF;
  END IF;
  NEW.{key} := coalesce({}, NEW.{key});
  RETURN NEW;
END",
        asked("NEW")
    );
    format!(
        "CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, {}, pg_temp AS {};
REVOKE ALL ON FUNCTION {function} FROM PUBLIC;",
        table.schema,
        literal(&body)
    )
}

/// The row that a trigger is given, as a rule asks about it. Generated columns are worked out only after the trigger.
fn written(ruled: &Ruled<'_>, record: &str) -> String {
    let (here, given) = (row(0), format!("(SELECT {record}.*)"));
    let columns = &ruled.have.columns;
    if columns.iter().all(|column| column.generated.is_empty()) {
        return format!("{given} AS {here}");
    }
    let value = |column: &LiveColumn| {
        let name = Ident::live(&column.name);
        let expression = column.default.as_ref().filter(|_| !column.generated.is_empty());
        expression.map_or_else(|| name.to_string(), |expression| format!("({expression}) AS {name}"))
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    format!("(SELECT {} FROM {given} AS {here}) AS {here}", values.join(", "))
}
