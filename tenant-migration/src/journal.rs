//! What was done to a database, so that it can be taken back, and gone on with where a run was ended.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;

use crate::change::Change;
use crate::step::{Actor, Step};

/// One run of `up`: the number under which its steps are recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run(i64);

/// What takes a change of a run back, and the records that are then of no use.
#[derive(Clone, Debug)]
pub(crate) struct Undoing {
    pub(crate) records: Vec<i64>,
    pub(crate) change: Change,
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    step: i64,
    change: String,
    reason: String,
    by_owner: bool,
    in_transaction: bool,
    down: Option<String>,
}

/// The run that was not seen to end, or a new one.
pub(crate) async fn begin(connection: &mut PgConnection) -> Result<Run, sqlx::Error> {
    let query = "WITH unfinished AS (SELECT run FROM tenancy.runs WHERE done_at IS NULL ORDER BY run DESC LIMIT 1),
                   begun AS (INSERT INTO tenancy.runs SELECT WHERE NOT EXISTS (TABLE unfinished) RETURNING run)
                 SELECT run FROM unfinished UNION ALL SELECT run FROM begun";
    sqlx::query_scalar(query).persistent(false).fetch_one(connection).await.map(Run)
}

pub(crate) async fn end(connection: &mut PgConnection, run: Run) -> Result<(), sqlx::Error> {
    let query = "UPDATE tenancy.runs SET done_at = pg_catalog.clock_timestamp() WHERE run = $1";
    sqlx::query(query).bind(run.0).persistent(false).execute(connection).await.map(drop)
}

/// Records steps: before they are done where that can't be one transaction with them, else with them.
pub(crate) async fn record(
    connection: &mut PgConnection,
    run: Run,
    change: &Change,
    done: bool,
) -> Result<(), sqlx::Error> {
    for step in &change.steps {
        let query = "INSERT INTO tenancy.steps (run, change, reason, by_owner, in_transaction, up, down, done_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $8 THEN pg_catalog.clock_timestamp() END)";
        let query = sqlx::query(query).bind(run.0).bind(&change.name).bind(&step.reason);
        let query = query.bind(step.actor == Actor::Owner).bind(change.in_transaction).bind(&step.up).bind(&step.down);
        query.bind(done).persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Records that a change outside transactions was seen to end.
pub(crate) async fn finish(connection: &mut PgConnection, run: Run, change: &Change) -> Result<(), sqlx::Error> {
    for step in &change.steps {
        let query = "UPDATE tenancy.steps SET done_at = pg_catalog.clock_timestamp()
                     WHERE run = $1 AND up = $2 AND done_at IS NULL";
        sqlx::query(query).bind(run.0).bind(&step.up).persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The statements outside transactions that were begun in runs that were not seen to end.
pub(crate) async fn begun(connection: &mut PgConnection) -> Result<BTreeSet<String>, sqlx::Error> {
    let query = "SELECT up FROM tenancy.steps JOIN tenancy.runs USING (run)
                 WHERE NOT in_transaction AND runs.done_at IS NULL";
    Ok(sqlx::query_scalar(query).persistent(false).fetch_all(connection).await?.into_iter().collect())
}

/// All runs, the last one first.
pub(crate) async fn runs(connection: &mut PgConnection) -> Result<Vec<Run>, sqlx::Error> {
    let query = "SELECT run FROM tenancy.runs ORDER BY run DESC";
    let runs: Vec<i64> = sqlx::query_scalar(query).persistent(false).fetch_all(connection).await?;
    Ok(runs.into_iter().map(Run).collect())
}

/// What takes a run back, change by change, the last one first.
pub(crate) async fn undoing(connection: &mut PgConnection, run: Run) -> Result<Vec<Undoing>, sqlx::Error> {
    let query = "SELECT step, change, reason, by_owner, in_transaction, down FROM tenancy.steps
                 WHERE run = $1 ORDER BY step DESC";
    let rows: Vec<Row> = sqlx::query_as(query).bind(run.0).persistent(false).fetch_all(connection).await?;
    let mut undoing: Vec<Undoing> = Vec::new();
    for row in rows {
        let actor = if row.by_owner { Actor::Owner } else { Actor::Operator };
        let step = row.down.map(|down| Step { actor, ..Step::forward(format!("taken back: {}", row.reason), down) });
        match undoing.last_mut() {
            Some(last) if row.in_transaction && last.change.in_transaction && last.change.name == row.change => {
                last.records.push(row.step);
                last.change.steps.extend(step);
            }
            _ => {
                let steps = step.into_iter().collect();
                let change = Change { name: row.change, in_transaction: row.in_transaction, steps };
                undoing.push(Undoing { records: vec![row.step], change });
            }
        }
    }
    Ok(undoing)
}

pub(crate) async fn forget_steps(connection: &mut PgConnection, steps: &[i64]) -> Result<(), sqlx::Error> {
    let query = sqlx::query("DELETE FROM tenancy.steps WHERE step = ANY ($1)").bind(steps);
    query.persistent(false).execute(connection).await.map(drop)
}

pub(crate) async fn forget_run(connection: &mut PgConnection, run: Run) -> Result<(), sqlx::Error> {
    let query = sqlx::query("DELETE FROM tenancy.runs WHERE run = $1").bind(run.0);
    query.persistent(false).execute(connection).await.map(drop)
}

pub(crate) async fn forget_all(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("TRUNCATE tenancy.steps, tenancy.runs, tenancy.known").execute(connection).await.map(drop)
}
