//! A session of the application's role that is bound to no tenant gets an error from the database, not rows and not an
//! empty answer.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, Statement, TransactionTrait};
use tenant_core::session::TENANT_VARIABLE;

use crate::support::{World, application_role, execute};

fn code(failure: &DbErr) -> Option<String> {
    let (DbErr::Query(RuntimeErr::SqlxError(source)) | DbErr::Exec(RuntimeErr::SqlxError(source))) = failure else {
        return None;
    };
    source.as_database_error()?.code().map(Into::into)
}

#[tokio::test]
async fn every_scoped_table_refuses_to_be_read_and_written() {
    let world = World::new().await;
    let plain = world.database.plain(&application_role()).await.expect("a connection");
    for (table, key) in world.registry.scoped_tables() {
        for sql in [
            format!("SELECT * FROM {}", table.name()),
            format!("SELECT count(*) FROM {}", table.name()),
            format!("UPDATE {} SET {key} = {key}", table.name()),
            format!("DELETE FROM {}", table.name()),
        ] {
            // An empty table's plan never asks who is bound.
            execute_if_empty(&world, table.name().to_string().as_str()).await;
            let failure = plain.execute_raw(Statement::from_string(DbBackend::Postgres, &sql)).await.expect_err(&sql);
            assert_eq!(code(&failure).as_deref(), Some("42501"), "{sql}: {failure}");
            assert!(failure.to_string().contains("no tenant is bound"), "{sql}: {failure}");
        }
    }
}

/// `memberships` has no rows in the world: it gets one.
async fn execute_if_empty(world: &World, table: &str) {
    if table == "public.memberships" {
        let sql = format!(
            "INSERT INTO memberships (id, organization_id, user_id, role)
             SELECT gen_random_uuid(), '{}', id, 'owner' FROM users WHERE organization_id = '{0}'
             ON CONFLICT DO NOTHING",
            world.acme.id
        );
        execute(&world.admin, &sql).await;
    }
}

#[tokio::test]
async fn a_session_whose_binding_ended_is_unbound_again() {
    let world = World::new().await;
    let plain = world.database.plain(&application_role()).await.expect("a connection");
    let transaction = plain.begin().await.expect("a transaction");
    let bind = format!("SELECT set_config('{TENANT_VARIABLE}', '{}', true)", world.acme.id);
    execute(&transaction, &bind).await;
    execute(&transaction, "SELECT id FROM molecules").await;
    transaction.commit().await.expect("committed");
    let failure = plain.execute_unprepared("SELECT id FROM molecules").await.expect_err("unbound again");
    assert!(failure.to_string().contains("no tenant is bound"), "{failure}");
}

#[tokio::test]
async fn a_binding_that_is_no_tenant_is_an_error_too() {
    let world = World::new().await;
    let plain = world.database.plain(&application_role()).await.expect("a connection");
    for value in ["", "acme", "' OR true --", "00000000-0000-0000-0000-00000000000"] {
        let transaction = plain.begin().await.expect("a transaction");
        let bind = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT set_config($1, $2, true)",
            [TENANT_VARIABLE.into(), value.into()],
        );
        transaction.execute_raw(bind).await.expect("any text can be set");
        let failure = transaction.execute_unprepared("SELECT id FROM molecules").await.expect_err(value);
        assert!(failure.to_string().contains("tenant"), "{value}: {failure}");
        transaction.rollback().await.expect("rolled back");
    }
}
