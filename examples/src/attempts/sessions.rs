//! Attempts with the application's role on a plain connection: the second wall alone.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement, TransactionTrait, Value,
};
use tenant_core::session::TENANT_VARIABLE;

use super::outcome::{Attempt, Barrier, Outcome};
use super::scene::Scene;

pub(super) async fn all(scene: &Scene) -> Vec<Attempt> {
    let victim = scene.victim.id;
    let unbound = scene.plain.query_all_raw(statement("SELECT id FROM molecules", [])).await;
    let unbound_write = scene.plain.execute_raw(statement("DELETE FROM molecules", [])).await;
    let read = bound(scene, "SELECT id FROM molecules WHERE organization_id = $1", victim.into()).await;
    let update =
        bound_write(scene, "UPDATE molecules SET name = 'taken over' WHERE organization_id = $1", victim.into());
    let delete = bound_write(scene, "DELETE FROM molecules WHERE organization_id = $1", victim.into());
    let insert = bound_write(
        scene,
        "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type)
         VALUES (gen_random_uuid(), $1, 'PLANTED', 'planted', 'Small molecule')",
        victim.into(),
    );
    let moved = bound_write(scene, "UPDATE molecules SET organization_id = $1", victim.into());
    let switch_off = scene.plain.execute_unprepared("ALTER TABLE molecules DISABLE ROW LEVEL SECURITY").await;
    let by = Barrier::RowLevelSecurity;
    vec![
        Attempt::new("Unbound session", "plain connection, SELECT", Outcome::of_refusal(unbound)),
        Attempt::new("Unbound session", "plain connection, DELETE", Outcome::of_refusal(unbound_write)),
        Attempt::new(
            "Without the filter",
            "bound to us, SELECT theirs",
            Outcome::of_count(read.map(|rows| rows.len() as u64), 0, by),
        ),
        Attempt::new(
            "Without the filter",
            "bound to us, UPDATE theirs",
            Outcome::of_count(affected(update.await), 0, by),
        ),
        Attempt::new(
            "Without the filter",
            "bound to us, DELETE theirs",
            Outcome::of_count(affected(delete.await), 0, by),
        ),
        Attempt::new("Without the filter", "bound to us, INSERT as them", Outcome::of_refusal(insert.await)),
        Attempt::new("Without the filter", "bound to us, move ours to them", Outcome::of_refusal(moved.await)),
        Attempt::new("Take the wall down", "ALTER TABLE … DISABLE ROW LEVEL SECURITY", Outcome::of_refusal(switch_off)),
    ]
}

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

fn affected(result: Result<ExecResult, DbErr>) -> Result<u64, DbErr> {
    result.map(|result| result.rows_affected())
}

/// A transaction of the plain connection, bound to the attacker by hand.
async fn begin(scene: &Scene) -> Result<DatabaseTransaction, DbErr> {
    let transaction = scene.plain.begin().await?;
    let values: [Value; 2] = [TENANT_VARIABLE.into(), scene.attacker.id.to_string().into()];
    transaction.execute_raw(statement("SELECT set_config($1, $2, true)", values)).await?;
    Ok(transaction)
}

async fn bound(scene: &Scene, sql: &str, value: Value) -> Result<Vec<QueryResult>, DbErr> {
    let transaction = begin(scene).await?;
    let rows = transaction.query_all_raw(statement(sql, [value])).await;
    transaction.rollback().await?;
    rows
}

/// Committed when it is accepted, so that the comparison afterwards would show it.
async fn bound_write(scene: &Scene, sql: &str, value: Value) -> Result<ExecResult, DbErr> {
    let transaction = begin(scene).await?;
    match transaction.execute_raw(statement(sql, [value])).await {
        Ok(result) => transaction.commit().await.map(|()| result),
        Err(failure) => {
            transaction.rollback().await?;
            Err(failure)
        }
    }
}
