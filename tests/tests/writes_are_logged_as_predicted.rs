//! Whatever programs write, alone, in transactions and across organisations: the log says exactly what a model of the rows says.

use proptest::test_runner::{Config, TestRunner};
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionSession, TransactionTrait};
use tenant_migration::RoleNames;

use self::model::Model;
use self::program::{Op, Program, Step, Unit, program};
use crate::support::{Entries, World, execute};

mod model;
mod program;

/// Sends what the model says, if there is a row to write, and gives back what it must leave.
async fn write(db: &impl ConnectionTrait, model: &mut Model, of: u8, op: &Op) -> Vec<String> {
    let Some((sql, entries)) = model.write(of, op) else { return Vec::new() };
    let sent = db.execute_raw(Statement::from_string(DbBackend::Postgres, sql.as_str())).await;
    sent.unwrap_or_else(|failure| panic!("{failure}: {sql}"));
    entries
}

async fn run(program: &Program) {
    let world = World::new().await;
    execute(&world.admin, "DELETE FROM job_results; DELETE FROM docking_jobs; DELETE FROM molecules").await;
    let (log, mut model) = (Entries::new(&world.admin).await, Model::default());
    let roles = RoleNames::default();
    let (admin, mover) = (roles.admin().as_str(), roles.mover().as_str());
    for (number, (of, unit)) in program.iter().enumerate() {
        let db = if *of == 1 { &world.acme.db } else { &world.beta.db };
        let mut expected = match unit {
            Unit::Alone(op) => write(db, &mut model, *of, op).await,
            Unit::Outside(outside) => {
                let (sql, entries) = model.outside(*of, *outside, [admin, mover]);
                execute(&world.admin, &sql).await;
                entries
            }
            Unit::Transaction { steps, kept } => {
                let (before, mut entries) = (model.clone(), Vec::new());
                let transaction = db.begin().await.expect("a transaction");
                for step in steps {
                    match step {
                        Step::Write(op) => entries.extend(write(&transaction, &mut model, *of, op).await),
                        Step::Savepoint { writes, kept } => {
                            let (before, mut inner) = (model.clone(), Vec::new());
                            let savepoint = transaction.begin().await.expect("a savepoint");
                            for op in writes {
                                inner.extend(write(&savepoint, &mut model, *of, op).await);
                            }
                            if *kept {
                                savepoint.commit().await.expect("released");
                                entries.extend(inner);
                            } else {
                                savepoint.rollback().await.expect("rolled back");
                                model = before;
                            }
                        }
                    }
                }
                if *kept {
                    transaction.commit().await.expect("committed");
                    entries
                } else {
                    transaction.rollback().await.expect("rolled back");
                    model = before;
                    Vec::new()
                }
            }
        };
        expected.sort();
        assert_eq!(log.come().await, expected, "unit {number} of organisation {of}: {unit:?}");
    }
}

#[test]
fn by_any_program() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut runner = TestRunner::new(Config { max_shrink_iters: 60, ..tenant_seed::seeded(12) });
    let outcome = runner.run(&program(), |program| {
        runtime.block_on(run(&program));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
