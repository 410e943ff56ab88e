//! Every statement that writes rows of a logged table leaves one entry for each organisation of whose rows it touched one, by
//! whatever way it came; a statement that is rolled back leaves none.

use entities::{docking_job, molecule, pipeline};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter,
    Statement, TransactionSession, TransactionTrait,
};
use tenant_core::{TenantContext, UserId};
use tenant_migration::RoleNames;
use uuid::Uuid;

use crate::support::{BOTH_HAVE, Entries, World, a_molecule, execute, pool_named, texts};

/// Sends a statement as the application writes it.
async fn send(db: &impl ConnectionTrait, sql: &str) {
    let sent = db.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    sent.unwrap_or_else(|failure| panic!("{failure}: {sql}"));
}

#[tokio::test]
async fn by_an_active_model() {
    let world = World::new().await;
    let (db, log) = (&world.acme.db, Entries::new(&world.admin).await);
    let made = a_molecule(5).insert(db).await.expect("a molecule");
    assert_eq!(log.come().await, ["insert 1 public.molecules 1"]);
    let mut changed = made.into_active_model();
    changed.name = Set("changed".to_owned());
    let made = changed.update(db).await.expect("changed");
    assert_eq!(log.come().await, ["update 1 public.molecules 1"]);
    made.delete(db).await.expect("deleted");
    assert_eq!(log.come().await, ["delete 1 public.molecules 1"]);
    molecule::Entity::find().all(db).await.expect("molecules");
    assert_eq!(log.come().await, [""; 0]);
}

#[tokio::test]
async fn by_statements_on_many_rows() {
    let world = World::new().await;
    let (db, log) = (&world.acme.db, Entries::new(&world.admin).await);
    let several = molecule::Entity::insert_many([5, 6, 7].map(a_molecule));
    several.exec_with_returning(db).await.expect("molecules");
    assert_eq!(log.come().await, ["insert 1 public.molecules 3"]);
    let update = molecule::Entity::update_many().col_expr(molecule::Column::Name, Expr::value("any"));
    update.exec_with_returning(db).await.expect("changed");
    assert_eq!(log.come().await, ["update 1 public.molecules 6"]);
    let none = molecule::Entity::delete_many().filter(molecule::Column::Name.eq("nobody's"));
    none.exec(db).await.expect("nothing");
    assert_eq!(log.come().await, [""; 0]);
}

#[tokio::test]
async fn by_an_upsert() {
    let world = World::new().await;
    let (db, log) = (&world.acme.db, Entries::new(&world.admin).await);
    let mut known = a_molecule(1);
    known.external_ref = Set("REF-aspirin".to_owned());
    let both = || molecule::Entity::insert_many([known.clone(), a_molecule(5)]);
    let update = OnConflict::column(molecule::Column::Id).update_column(molecule::Column::Name).to_owned();
    both().on_conflict(update).exec(db).await.expect("inserted and updated");
    assert_eq!(log.come().await, ["insert 1 public.molecules 1", "update 1 public.molecules 1"]);
    let nothing = OnConflict::column(molecule::Column::Id).do_nothing().to_owned();
    let none = molecule::Entity::insert_many([known.clone()]).on_conflict(nothing);
    none.exec_without_returning(db).await.expect("nothing to do");
    assert_eq!(log.come().await, [""; 0]);
}

#[tokio::test]
async fn by_sql() {
    let world = World::new().await;
    let (db, log) = (&world.acme.db, Entries::new(&world.admin).await);
    send(db, "UPDATE molecules SET name = 'any' WHERE name <> 'none'").await;
    assert_eq!(log.come().await, ["update 1 public.molecules 3"]);
    let merge = "MERGE INTO molecules AS m USING (VALUES ('REF-aspirin'), ('REF-new')) AS v (external_ref)
        ON m.external_ref = v.external_ref WHEN MATCHED THEN UPDATE SET name = 'merged'
        WHEN NOT MATCHED THEN INSERT (id, external_ref, name, molecule_type)
          VALUES (gen_random_uuid(), v.external_ref, 'new', 'Small molecule')";
    send(db, merge).await;
    assert_eq!(log.come().await, ["insert 1 public.molecules 1", "update 1 public.molecules 1"]);
    let both = "WITH gone AS (DELETE FROM job_results RETURNING job_id),
        changed AS (UPDATE molecules SET name = 'in a CTE' WHERE external_ref = 'REF-new' RETURNING id)
        UPDATE docking_jobs SET status = 'failed' WHERE id IN (SELECT job_id FROM gone)";
    send(db, both).await;
    let expected = ["delete 1 public.job_results 1", "update 1 public.docking_jobs 1", "update 1 public.molecules 1"];
    assert_eq!(log.come().await, expected);
}

/// What goes with a row that it refers to is written by the server.
#[tokio::test]
async fn by_what_another_table_refers_to() {
    let world = World::new().await;
    let (db, log) = (&world.acme.db, Entries::new(&world.admin).await);
    send(db, "DELETE FROM molecules").await;
    assert_eq!(log.come().await, ["delete 1 public.molecules 3", "update 1 public.docking_jobs 2"]);
    send(db, "DELETE FROM docking_jobs").await;
    assert_eq!(log.come().await, ["delete 1 public.docking_jobs 2", "delete 1 public.job_results 1"]);
    docking_job::Entity::find().all(db).await.expect("none");
    pipeline::Entity::delete_many().exec(db).await.expect("gone");
    assert_eq!(log.come().await, ["delete 1 public.pipelines 1"]);
}

#[tokio::test]
async fn what_is_rolled_back_is_not_logged() {
    let world = World::new().await;
    let (db, log) = (&world.acme.db, Entries::new(&world.admin).await);
    let outer = db.begin().await.expect("a transaction");
    a_molecule(5).insert(&outer).await.expect("a molecule");
    let inner = outer.begin().await.expect("a savepoint");
    send(&inner, "DELETE FROM job_results").await;
    inner.rollback().await.expect("rolled back");
    let inner = outer.begin().await.expect("a savepoint");
    send(&inner, "UPDATE docking_jobs SET status = 'failed'").await;
    inner.commit().await.expect("released");
    assert_eq!(log.come().await, [""; 0], "not yet");
    outer.commit().await.expect("committed");
    assert_eq!(log.come().await, ["insert 1 public.molecules 1", "update 1 public.docking_jobs 2"]);
    let transaction = db.begin().await.expect("a transaction");
    send(&transaction, "DELETE FROM molecules").await;
    transaction.rollback().await.expect("rolled back");
    assert_eq!(log.come().await, [""; 0]);
    let broken = "INSERT INTO job_results (id, job_id, atoms, potential_energy, rms_derivative)
        VALUES (gen_random_uuid(), gen_random_uuid(), 1, 1, 1)";
    let sent = db.execute_raw(Statement::from_string(DbBackend::Postgres, broken)).await;
    sent.expect_err("it refers to nothing");
    assert_eq!(log.come().await, [""; 0]);
}

#[tokio::test]
async fn an_entry_says_who_wrote_and_when() {
    let world = World::new().await;
    let user = UserId::new(Uuid::from_u128(77));
    let context = TenantContext::new(world.acme.id).user(user).request("req-9".parse().expect("a request"));
    let database = pool_named(&world, "audited").build().await.expect("a database");
    let log = Entries::new(&world.admin).await;
    let transaction = database.connect(context).begin().await.expect("a transaction");
    a_molecule(5).insert(&transaction).await.expect("a molecule");
    let own = "SELECT pg_catalog.pg_current_xact_id()::text";
    transaction.commit().await.expect("committed");
    let said = "bound_tenant || ' ' || user_id || ' ' || request_id || ' ' || database_role || ' ' ||
        (abs(extract(epoch FROM clock_timestamp() - at)) < 60) || ' ' ||
        (transaction < pg_current_xact_id()::text::bigint) || ' ' || coalesce(statement, 'no text')";
    let expected = format!("{} {user} req-9 {} true true no text", world.acme.id, crate::support::application_role());
    assert_eq!(log.come_as(said).await, [expected]);
    texts(&world.admin, own).await;
}

/// Of somebody who may work for several organisations in one statement.
#[tokio::test]
async fn each_organisation_has_its_own_entry() {
    let world = World::new().await;
    let log = Entries::new(&world.admin).await;
    let roles = RoleNames::default();
    let sql = format!(
        "SET ROLE {}; SET tenancy.reason = 'ticket 7'; UPDATE molecules SET name = 'any'; RESET tenancy.reason; RESET ROLE",
        roles.admin()
    );
    execute(&world.admin, &sql).await;
    assert_eq!(
        log.come_as("concat_ws(' ', organization_id, touched, alarm, reason, bound_tenant)").await,
        [format!("{} 3 f ticket 7", world.acme.id), format!("{} 3 f ticket 7", world.beta.id)]
    );
}

#[tokio::test]
async fn rows_of_another_organisation_than_the_bound_one_are_an_alarm() {
    let world = World::new().await;
    let log = Entries::new(&world.admin).await;
    let bound = |sql: &str| format!("SET tenancy.tenant_id = '{}'; {sql}; RESET tenancy.tenant_id", world.beta.id);
    execute(&world.admin, &bound("UPDATE molecules SET name = 'any'")).await;
    assert_eq!(log.come().await, ["update 1 public.molecules 3 ALARM", "update 2 public.molecules 3"]);
    // Given from one to the other.
    execute(
        &world.admin,
        &bound(
            "UPDATE job_results SET organization_id = '00000000-0000-0000-0000-000000000001',
        id = gen_random_uuid() WHERE organization_id = '00000000-0000-0000-0000-000000000002'",
        ),
    )
    .await;
    assert_eq!(log.come().await, ["update 1 public.job_results 1 ALARM", "update 2 public.job_results 1"]);
}

#[tokio::test]
async fn truncate_is_of_no_organisation() {
    let world = World::new().await;
    let log = Entries::new(&world.admin).await;
    execute(&world.admin, "TRUNCATE docking_jobs CASCADE").await;
    assert_eq!(log.come().await, ["truncate - public.docking_jobs -", "truncate - public.job_results -"]);
}

/// What the mover copies was logged where it was written; whatever else a session says of itself, its writes are logged.
#[tokio::test]
async fn the_mover_alone_is_not_logged() {
    let world = World::new().await;
    let log = Entries::new(&world.admin).await;
    let mover = RoleNames::default().mover().to_string();
    let as_mover = |sql: &str| format!("SET SESSION AUTHORIZATION {mover}; {sql}; RESET SESSION AUTHORIZATION");
    execute(&world.admin, &as_mover("UPDATE molecules SET name = 'copied'")).await;
    execute(&world.admin, &as_mover("DELETE FROM job_results")).await;
    execute(&world.admin, &as_mover("TRUNCATE job_results")).await;
    assert_eq!(log.come().await, [""; 0]);
    execute(&world.admin, &format!("SET ROLE {mover}; UPDATE molecules SET name = 'own'; RESET ROLE")).await;
    assert_eq!(log.come().await, ["update 1 public.molecules 3", "update 2 public.molecules 3"]);
    let replica = "SET session_replication_role = replica; UPDATE molecules SET name = 'a replica''s'; RESET session_replication_role";
    execute(&world.admin, replica).await;
    assert_eq!(log.come().await, ["update 1 public.molecules 3", "update 2 public.molecules 3"]);
}

/// Whoever writes needs no right on the log, and gets none.
#[tokio::test]
async fn the_application_can_neither_call_what_logs_nor_write_the_log() {
    let world = World::new().await;
    let app = world.database.plain(&crate::support::application_role()).await.expect("the application's connection");
    let bound = format!("SET tenancy.tenant_id = '{}';", world.acme.id);
    for sql in [
        "INSERT INTO tenancy.access_log (kind) VALUES ('insert')",
        "SELECT tenancy.record_write(NULL, 'insert', 'molecules', 1)",
        "CREATE TEMP TABLE t (a int); CREATE TRIGGER t AFTER INSERT ON t EXECUTE FUNCTION tenancy.\"audit.public.molecules\"()",
        "ALTER TABLE molecules DISABLE TRIGGER tenancy_audit_insert",
    ] {
        let refused = app.execute_unprepared(&format!("{bound} {sql}")).await.expect_err(sql).to_string();
        assert!(refused.contains("permission denied") || refused.contains("must be owner"), "{sql}: {refused}");
    }
    let entries = "SELECT count(*)::text FROM tenancy.access_log WHERE organization_id IS NOT NULL";
    assert_ne!(texts(&world.admin, entries).await, ["0"]);
    assert_eq!(molecule::Entity::find_by_id(BOTH_HAVE).all(&world.acme.db).await.expect("a row").len(), 1);
}
