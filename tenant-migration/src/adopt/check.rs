//! Whether each row has a tenant, and the same one as what it refers to.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};

use super::problem::AdoptionProblem;
use super::rule::{Column, Rule, Ruled, Rules, row};
use crate::error::describe_sqlx;
use crate::ident::{Ident, QualifiedName};
use crate::live::{ConstraintKind, LiveTable};

/// How many keys of bad rows are named.
const NAMED: u32 = 5;

/// Looks at the rows of all tables that are not known to be right. Nothing is changed, and no write waits.
pub(super) async fn rows(
    connection: &mut PgConnection,
    rules: &Rules<'_>,
) -> Result<Vec<AdoptionProblem>, sqlx::Error> {
    let mut problems = Vec::new();
    for ruled in rules.open() {
        let from = format!("{} AS {}", ruled.schema.name(), row(0));
        let condition = format!("{} IS NULL", rules.tenant(ruled, 0));
        match offenders(connection, ruled, &from, &condition).await {
            Ok((0, _)) => {}
            Ok((rows, first)) => {
                let rule = ruled.rule.as_ref().map_or_else(String::new, ToString::to_string);
                let table = ruled.schema.described().clone();
                problems.push(AdoptionProblem::WithoutTenant { table, rows, first, rule });
            }
            Err(error) => problems.push(explain(ruled, error, "the connected role")?),
        }
    }
    // What can't be worked out can't be compared.
    if !problems.is_empty() {
        return Ok(problems);
    }
    for ruled in rules.open().filter(|ruled| ruled.column == Column::Open) {
        problems.extend(contradicted(connection, rules, ruled).await?);
    }
    for ruled in rules.tables.values() {
        for key in ruled.schema.references() {
            let pairs = key.own_pairs();
            let Some(target) = rules.tables.get(key.target()).filter(|_| !pairs.is_empty()) else { continue };
            if holds(&ruled.have, &ruled.key, key.target(), &pairs) {
                continue;
            }
            let joined: Vec<String> =
                pairs.iter().map(|(column, referred)| format!("{}.{referred} = {}.{column}", row(1), row(0))).collect();
            let (own, other) = (rules.tenant(ruled, 0), rules.tenant(target, 1));
            let from = format!(
                "{} AS {} JOIN {} AS {} ON {}",
                ruled.schema.name(),
                row(0),
                key.target(),
                row(1),
                joined.join(" AND ")
            );
            let (rows, first) = offenders(connection, ruled, &from, &format!("{own} <> {other}")).await?;
            if rows > 0 {
                let columns: Vec<&str> = pairs.iter().map(|(column, _)| column.as_str()).collect();
                problems.push(AdoptionProblem::AcrossTenants {
                    table: ruled.schema.described().clone(),
                    columns: columns.join(", "),
                    target: target.schema.described().clone(),
                    rows,
                    first,
                });
            }
        }
    }
    Ok(problems)
}

/// Rows that have another tenant already than what is said of their table: it was said otherwise in an earlier run, or
/// somebody else gave it to them. Those that take theirs from another row are compared with that one.
async fn contradicted(
    connection: &mut PgConnection,
    rules: &Rules<'_>,
    ruled: &Ruled<'_>,
) -> Result<Option<AdoptionProblem>, sqlx::Error> {
    let expression = match &ruled.rule {
        Some(Rule::Expression(expression)) => expression.clone(),
        Some(Rule::Constant(tenant)) => format!("'{tenant}'"),
        Some(Rule::Reference { .. }) | None => return Ok(None),
    };
    let from = format!("{} AS {}", ruled.schema.name(), row(0));
    let condition = format!("{}.{} <> {}", row(0), ruled.key, rules.by_rule(ruled, 0));
    let (rows, first) = offenders(connection, ruled, &from, &condition).await?;
    let (table, column) = (ruled.schema.described().clone(), ruled.key.as_str().to_owned());
    Ok((rows > 0).then_some(AdoptionProblem::Contradicted { table, column, expression, rows, first }))
}

/// Whether what is said can be worked out with the owner's rights, which the trigger has.
pub(super) async fn as_owner(
    connection: &mut PgConnection,
    rules: &Rules<'_>,
    owner: &Ident,
) -> Result<Vec<AdoptionProblem>, sqlx::Error> {
    let mut problems = Vec::new();
    for ruled in rules.open() {
        let mut aside = connection.begin().await?;
        let act = format!("SET LOCAL ROLE {owner}; {}", search_path(ruled.schema.name()));
        sqlx::raw_sql(AssertSqlSafe(act)).execute(&mut *aside).await?;
        let sql = format!("SELECT {} FROM {} AS {} LIMIT 0", rules.tenant(ruled, 0), ruled.schema.name(), row(0));
        let tried = sqlx::query(AssertSqlSafe(sql)).persistent(false).execute(&mut *aside).await;
        aside.rollback().await?;
        if let Err(error) = tried {
            problems.push(explain(ruled, error, owner.as_str())?);
        }
    }
    Ok(problems)
}

/// The path on which an expression finds what it names without a schema; no one else's objects come first.
pub(super) fn search_path(table: &QualifiedName) -> String {
    format!("SET LOCAL search_path = pg_catalog, {}, pg_temp;", table.schema)
}

/// Whether a foreign key that pairs the tenant columns has been validated.
fn holds(have: &LiveTable, tenant: &Ident, target: &QualifiedName, pairs: &[(&Ident, &Ident)]) -> bool {
    have.constraints(ConstraintKind::ForeignKey).any(|key| {
        let there = key.target.as_ref();
        key.valid
            && there.is_some_and(|there| there.schema == target.schema.as_str() && there.name == target.name.as_str())
            && key.columns.len() == pairs.len() + 1
            && key.columns.iter().any(|column| column == tenant.as_str())
            && pairs.iter().all(|(column, _)| key.columns.iter().any(|own| own == column.as_str()))
    })
}

/// How many rows fulfil a condition, and the keys of the first.
async fn offenders(
    connection: &mut PgConnection,
    ruled: &Ruled<'_>,
    from: &str,
    condition: &str,
) -> Result<(i64, Vec<String>), sqlx::Error> {
    let mut columns: Vec<String> = Vec::new();
    if let Some(key) = ruled.have.constraints(ConstraintKind::Primary).next() {
        columns.extend(key.columns.iter().map(|column| format!("{}.{}", row(0), Ident::live(column))));
    }
    let key = match columns.is_empty() {
        true => format!("CAST({}.ctid AS text)", row(0)),
        false => format!("concat_ws(', ', {})", columns.join(", ")),
    };
    let sql = format!(
        "WITH bad AS MATERIALIZED (SELECT {key} AS key FROM {from} WHERE {condition})
         SELECT (SELECT count(*) FROM bad), ARRAY(SELECT key FROM bad LIMIT {NAMED})"
    );
    let mut aside = connection.begin().await?;
    sqlx::raw_sql(AssertSqlSafe(search_path(ruled.schema.name()))).execute(&mut *aside).await?;
    // Not as a script: an expression must not end its statement and begin another.
    let found = sqlx::query_as(AssertSqlSafe(sql)).persistent(false).fetch_one(&mut *aside).await;
    aside.rollback().await?;
    found
}

/// An error that lies in what was said; any other is given back.
fn explain(ruled: &Ruled<'_>, error: sqlx::Error, role: &str) -> Result<AdoptionProblem, sqlx::Error> {
    let said = ruled.rule.as_ref().filter(|_| ruled.column != Column::Whole);
    let code = error.as_database_error().and_then(|error| error.code());
    // Syntax, names, rights; values that are no UUIDs; more than one row; parameters, which nobody gives.
    let at_fault = code.is_some_and(|code| ["42", "22", "21", "08P01"].iter().any(|class| code.starts_with(class)));
    match said {
        Some(rule) if at_fault => Ok(AdoptionProblem::Expression {
            table: ruled.schema.described().clone(),
            expression: match rule {
                Rule::Expression(expression) => expression.clone(),
                other => other.to_string(),
            },
            role: role.to_owned(),
            reason: describe_sqlx(&error),
        }),
        _ => Err(error),
    }
}
