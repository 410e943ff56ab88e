//! What was done to a database, so that it can be taken back, and gone on with where a run was ended.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;

use crate::change::Change;
use crate::ident::{Ident, QualifiedName};
use crate::step::{LockMode, Reach, Step};

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
    in_transaction: bool,
    up: String,
    down: Option<String>,
    tables: Vec<String>,
}

impl Row {
    /// The steps that take it back; none if it stays.
    fn steps_back(&self) -> Vec<Step> {
        let Some(down) = &self.down else { return Vec::new() };
        let mode = if self.in_transaction { LockMode::AccessExclusive } else { LockMode::ShareUpdateExclusive };
        let step = |sql: &str| {
            // With the owner's rights, whoever runs it: what stands in the record is the owner's word.
            let step = Step::forward(format!("taken back: {}", self.reason), sql);
            let tables = self.tables.chunks_exact(2);
            let name = |of: &[String]| QualifiedName { schema: Ident::live(&of[0]), name: Ident::live(&of[1]) };
            tables.fold(step, |step, of| step.locking_family(mode, &name(of)))
        };
        // An index whose making anew was ended is there already, half-built perhaps.
        let again = !self.in_transaction && self.up.starts_with("DROP INDEX CONCURRENTLY IF EXISTS ");
        let before = again.then(|| step(&self.up));
        before.into_iter().chain([step(down)]).collect()
    }
}

/// The run that was not seen to end, or a new one.
pub(crate) async fn begin(connection: &mut PgConnection) -> Result<Run, sqlx::Error> {
    let query = "WITH unfinished AS (SELECT run FROM tenancy.runs WHERE done_at IS NULL ORDER BY run DESC LIMIT 1),
                   begun AS (INSERT INTO tenancy.runs SELECT WHERE NOT EXISTS (TABLE unfinished) RETURNING run)
                 SELECT run FROM unfinished UNION ALL SELECT run FROM begun";
    sqlx::query_scalar(query).persistent(false).fetch_one(connection).await.map(Run)
}

/// Ends the run that is not ended, if there is one: the last look found nothing to do.
pub(crate) async fn end(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let query = "UPDATE tenancy.runs SET done_at = pg_catalog.clock_timestamp() WHERE done_at IS NULL";
    sqlx::raw_sql(query).execute(connection).await.map(drop)
}

/// Records steps: before they are done where that can't be one transaction with them, else with them.
pub(crate) async fn record(
    connection: &mut PgConnection,
    run: Run,
    change: &Change,
    done: bool,
) -> Result<(), sqlx::Error> {
    // One statement for all: a change can have many steps, and the server can be far away.
    // One that is begun again takes the place of its first record, where it is taken back in the order of this time. A
    // second attempt at a drop finds an index that can't be made again from what is left of it; the first one could.
    let query = "WITH begun AS (
                   DELETE FROM tenancy.steps WHERE NOT $4 AND run = $1 AND up = ANY ($6) AND done_at IS NULL
                   RETURNING up, down)
                 INSERT INTO tenancy.steps (run, change, reason, in_transaction, up, down, tables, done_at)
                 SELECT $1, $2, step.reason, $3, step.up,
                   coalesce(step.down, (SELECT begun.down FROM begun WHERE begun.up = step.up LIMIT 1)),
                   CAST(step.tables AS text[]),
                   CASE WHEN $4 THEN pg_catalog.clock_timestamp() END
                 FROM ROWS FROM (pg_catalog.unnest($5::text[]), pg_catalog.unnest($6::text[]), pg_catalog.unnest($7::text[]),
                   pg_catalog.unnest($8::text[])) WITH ORDINALITY AS step (reason, up, down, tables, place)
                 ORDER BY step.place";
    let of_steps = |of: fn(&Step) -> &str| change.steps.iter().map(of).collect::<Vec<_>>();
    let downs: Vec<Option<&str>> = change.steps.iter().map(Step::down).collect();
    let tables: Vec<String> = change.steps.iter().map(tables).collect();
    let query = sqlx::query(query).bind(run.0).bind(&change.name).bind(change.in_transaction).bind(done);
    let query = query.bind(of_steps(Step::reason)).bind(of_steps(Step::up)).bind(downs).bind(tables);
    query.persistent(false).execute(connection).await.map(drop)
}

/// Schema and name of each table that a step locks, by turns, as the text of an array. Partitions may be gone when it is taken
/// back, and come with their table.
fn tables(step: &Step) -> String {
    let locks = step.locks.iter().filter(|lock| matches!(lock.reach, Reach::Table | Reach::Family));
    let names = locks.flat_map(|lock| [lock.table.schema.as_str(), lock.table.name.as_str()]);
    let quoted: Vec<String> =
        names.map(|name| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    format!("{{{}}}", quoted.join(","))
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

/// How many runs that did something there are from the first on in which one of the marks stands.
pub(crate) async fn runs_since(connection: &mut PgConnection, marks: [&str; 2]) -> Result<usize, sqlx::Error> {
    let query = "SELECT count(DISTINCT run) FROM tenancy.steps WHERE run >= (
                   SELECT min(run) FROM tenancy.steps, pg_catalog.unnest($1::text[]) AS mark
                   WHERE pg_catalog.strpos(up, mark) > 0)";
    let runs: i64 = sqlx::query_scalar(query).bind(marks.as_slice()).persistent(false).fetch_one(connection).await?;
    Ok(usize::try_from(runs).unwrap_or_default())
}

/// What takes a run back, change by change, the last one first. Each can be done again if it wasn't seen to end.
pub(crate) async fn undoing(connection: &mut PgConnection, run: Run) -> Result<Vec<Undoing>, sqlx::Error> {
    let query = "SELECT step, change, reason, in_transaction, up, down, tables FROM tenancy.steps
                 WHERE run = $1 ORDER BY step DESC";
    let rows: Vec<Row> = sqlx::query_as(query).bind(run.0).persistent(false).fetch_all(connection).await?;
    let mut undoing: Vec<Undoing> = Vec::new();
    for row in rows {
        let name = format!("taking back: {}", row.change);
        match undoing.last_mut() {
            Some(last) if row.in_transaction && last.change.in_transaction && last.change.name == name => {
                last.records.push(row.step);
                last.change.steps.extend(row.steps_back());
            }
            _ => {
                let change = Change { name, in_transaction: row.in_transaction, steps: row.steps_back() };
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
