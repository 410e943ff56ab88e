//! The record of the last deploy: whether the database is still what it made, and made for this program.

use std::time::Duration;

use sqlx::postgres::PgConnection;

use super::PreflightProblem;
use super::role::Checked;
use crate::posture::{self, Posture};
use crate::{Deployment, Registry, TableName};

/// How often a difference is looked at before it is said: a deploy that is under way records each of its changes right after it.
const LOOKS: u32 = 3;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(250);

const RECORD: &str = include_str!("deployment.sql");

const READABLE: &str = "
    SELECT pg_catalog.has_table_privilege(pg_catalog.to_regclass('tenancy.deployment'), 'SELECT')";

#[derive(sqlx::FromRow)]
struct Record {
    posture: String,
    format: i32,
    server: i32,
    registry: String,
    program: String,
    recorded_at: String,
}

#[derive(sqlx::FromRow)]
struct Unfit {
    schema: String,
    table: String,
    column: String,
    r#type: String,
    found: Option<String>,
}

/// Checks the record against this program and the database. `None` where there is none to be read.
pub(super) async fn check(
    connection: &mut PgConnection,
    registry: &Registry,
    session: &Checked,
    problems: &mut Vec<PreflightProblem>,
) -> Result<Option<Deployment>, sqlx::Error> {
    let Some(mut record) = record(connection, session, problems).await? else { return Ok(None) };
    let same_registry = record.registry == registry.digest();
    if !same_registry {
        check_columns(connection, registry, &record, problems).await?;
    }
    let same_format = record.format == posture::FORMAT;
    // Computed last, and where nothing else was found, which would explain a difference and say more.
    if same_format && problems.is_empty() {
        let posture = settled(connection, &mut record).await?;
        let (program, recorded_at) = (record.program.clone(), record.recorded_at.clone());
        if posture.server != record.server {
            let (recorded, version) = (record.server, posture.server);
            problems.push(PreflightProblem::OtherServer { program, recorded_at, recorded, version });
        } else if posture.digest != record.posture {
            problems.push(PreflightProblem::Changed { program, recorded_at });
        }
    }
    let Record { program, recorded_at, .. } = record;
    Ok(Some(Deployment { program, recorded_at, same_registry, same_format }))
}

async fn record(
    connection: &mut PgConnection,
    session: &Checked,
    problems: &mut Vec<PreflightProblem>,
) -> Result<Option<Record>, sqlx::Error> {
    let readable: Option<bool> = sqlx::query_scalar(READABLE).persistent(false).fetch_one(&mut *connection).await?;
    let record = match readable {
        Some(true) => sqlx::query_as(RECORD).persistent(false).fetch_optional(connection).await?,
        Some(false) => {
            problems.push(PreflightProblem::UnreadableRecord { role: session.role.clone() });
            return Ok(None);
        }
        None => None,
    };
    if record.is_none() {
        problems.push(PreflightProblem::Unrecorded);
    }
    Ok(record)
}

/// The posture, and the `record` that goes with it if there is one.
async fn settled(connection: &mut PgConnection, record: &mut Record) -> Result<Posture, sqlx::Error> {
    for _ in 1..LOOKS {
        let posture = Posture::of(&mut *connection).await?;
        if posture.server != record.server || posture.digest == record.posture {
            return Ok(posture);
        }
        tokio::time::sleep(PAUSE).await;
        *record = sqlx::query_as(RECORD).persistent(false).fetch_one(&mut *connection).await?;
    }
    Posture::of(connection).await
}

/// Looks for every column of this program in a schema that another one made.
async fn check_columns(
    connection: &mut PgConnection,
    registry: &Registry,
    record: &Record,
    problems: &mut Vec<PreflightProblem>,
) -> Result<(), sqlx::Error> {
    let columns: Vec<_> = registry
        .tables()
        .flat_map(|table| {
            table.columns().map(move |column| (table.name(), column.name().to_owned(), column.sql_type()))
        })
        .collect();
    let schemas: Vec<&str> = columns.iter().map(|(table, ..)| table.schema.as_str()).collect();
    let tables: Vec<&str> = columns.iter().map(|(table, ..)| table.table.as_str()).collect();
    let names: Vec<&str> = columns.iter().map(|(_, name, _)| name.as_str()).collect();
    let types: Vec<&str> = columns.iter().map(|(.., kind)| kind.as_str()).collect();
    let unfit: Vec<Unfit> = sqlx::query_as(include_str!("columns.sql"))
        .bind(&schemas)
        .bind(&tables)
        .bind(&names)
        .bind(&types)
        .persistent(false)
        .fetch_all(&mut *connection)
        .await?;
    for Unfit { schema, table, column, r#type: needed, found } in unfit {
        let (table, program) = (TableName::new(schema, table), record.program.clone());
        problems.push(match found {
            None => PreflightProblem::ColumnMissing { table, column, needed, program },
            Some(found) => PreflightProblem::ColumnType { table, column, needed, found, program },
        });
    }
    let unfilled = sqlx::query_as(include_str!("unfilled.sql")).bind(&schemas).bind(&tables).bind(&names);
    let unfilled: Vec<(String, String, String)> = unfilled.persistent(false).fetch_all(connection).await?;
    problems.extend(unfilled.into_iter().map(|(schema, table, column)| PreflightProblem::ColumnUnfilled {
        table: TableName::new(schema, table),
        column,
        program: record.program.clone(),
    }));
    Ok(())
}
