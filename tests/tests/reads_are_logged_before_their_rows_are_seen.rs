//! Where reads are logged durably, no row is handed out without its entry, and no rollback takes an entry away.

use std::time::Duration;

use entities::docking_job;
use futures_util::{StreamExt, TryStreamExt};
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement, StreamTrait, TransactionSession,
    TransactionTrait,
};
use tenant_core::{
    AuditError, BindingMode, MaxLag, ReadAudit, TenantConnection, TenantContext, TenantDatabase, TenantError,
};

use crate::support::laboratory::{compound, note};
use crate::support::reading_room::ReadingRoom;
use crate::support::{Pair, application_role, execute, texts, until};

const MODES: [BindingMode; 2] = [BindingMode::Session, BindingMode::Transaction];

async fn open(room: &ReadingRoom, mode: BindingMode) -> (TenantDatabase, TenantConnection) {
    let database =
        room.open(|builder| builder.read_audit(ReadAudit::Durable).binding_mode(mode).max_connections(1)).await;
    let db = room.connect(&database, 1);
    (database, db)
}

fn is_unwritten(failure: &DbErr) -> bool {
    matches!(TenantError::of(failure), Some(TenantError::Audit(AuditError::Unwritten { .. })))
}

fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

#[tokio::test]
async fn an_entry_is_there_when_its_rows_are() {
    let room = ReadingRoom::new().await;
    for mode in MODES {
        room.forget().await;
        let (database, db) = open(&room, mode).await;
        for read in 1..=3 {
            assert_eq!(compound::Entity::find().all(&db).await.expect("an answer").len(), 2);
            assert_eq!(room.entries().await, vec!["read public.compounds 2"; read]);
        }
        let stream: Vec<_> =
            db.stream_raw(statement("SELECT 1 FROM notes")).await.expect("a stream").try_collect().await.expect("rows");
        assert_eq!(stream.len(), 1);
        assert_eq!(room.entries().await.len(), 4);
        assert_eq!(database.audit_statistics().written, 4);
    }
}

#[tokio::test]
async fn without_its_entry_no_row_is_handed_out_and_nothing_is_written() {
    let room = ReadingRoom::new().await;
    for mode in MODES {
        let (_database, db) = open(&room, mode).await;
        compound::Entity::find().all(&db).await.expect("an answer");
        room.lets_log(false).await;
        let failure = compound::Entity::find().all(&db).await.expect_err("no entry");
        assert!(is_unwritten(&failure), "{mode:?}: {failure}");
        assert!(failure.to_string().contains("record_accesses"), "{failure}");
        let failure = compound::Entity::find().one(&db).await.expect_err("no entry");
        assert!(is_unwritten(&failure), "{mode:?}: {failure}");
        let copies = "INSERT INTO tags (label) SELECT 'copy of ' || name FROM compounds";
        let failure = db.execute_unprepared(copies).await.expect_err("no entry");
        assert!(is_unwritten(&failure), "{mode:?}: {failure}");
        let sql = "SELECT label FROM tags WHERE label LIKE 'copy%'";
        assert_eq!(texts(&room.admin, sql).await, Vec::<String>::new(), "what it wrote was undone");
        let rows: Result<Vec<_>, _> =
            db.stream_raw(statement("SELECT 1 FROM notes")).await.expect("a stream").try_collect().await;
        assert!(is_unwritten(&rows.expect_err("the last item")));
        let transaction = db.begin().await.expect("begun");
        let failure = compound::Entity::find().all(&transaction).await.expect_err("no entry");
        assert!(is_unwritten(&failure), "{mode:?}: {failure}");
        transaction.commit().await.expect_err("the transaction has failed");
        room.lets_log(true).await;
        compound::Entity::find().all(&db).await.expect("as before");
    }
}

#[tokio::test]
async fn what_a_stream_showed_before_its_entry_failed_is_written_later() {
    let room = ReadingRoom::new().await;
    for mode in MODES {
        room.forget().await;
        let (database, db) = open(&room, mode).await;
        room.lets_log(false).await;
        for in_transaction in [false, true] {
            let transaction = db.begin().await.expect("begun");
            let sql = statement("SELECT 1 FROM notes");
            let stream = if in_transaction {
                transaction.stream_raw(sql).await
            } else {
                drop(transaction);
                db.stream_raw(sql).await
            };
            let items: Vec<_> = stream.expect("a stream").collect().await;
            assert!(matches!(items.as_slice(), [Ok(_), Err(failure)] if is_unwritten(failure)), "{items:?}");
        }
        room.lets_log(true).await;
        database.close().await;
        assert_eq!(room.entries().await, ["read public.notes 1"; 2], "{mode:?}");
    }
}

#[tokio::test]
async fn what_a_stream_showed_is_logged_where_its_entry_was_not_committed() {
    let room = ReadingRoom::new().await;
    let (database, db) = open(&room, BindingMode::Transaction).await;
    let refusing =
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';
        CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON tenancy.access_log DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION public.refuse()";
    execute(&room.admin, refusing).await;
    let stream = db.stream_raw(statement("SELECT 1 FROM notes")).await.expect("a stream");
    let items: Vec<_> = stream.collect().await;
    assert!(matches!(items.as_slice(), [Ok(_), Err(_)]), "{items:?}");
    execute(&room.admin, "DROP TRIGGER refuse ON tenancy.access_log").await;
    database.close().await;
    assert_eq!(room.entries().await, ["read public.notes 1"]);
}

#[tokio::test]
async fn what_a_rollback_takes_away_is_written_anew() {
    let room = ReadingRoom::new().await;
    let (database, db) = open(&room, BindingMode::Session).await;
    let transaction = db.begin().await.expect("begun");
    note::Entity::find().all(&transaction).await.expect("an answer");
    let nested = transaction.begin().await.expect("nested");
    compound::Entity::find().all(&nested).await.expect("an answer");
    nested.rollback().await.expect("rolled back");
    transaction.commit().await.expect("committed");
    assert_eq!(room.logged(2).await, ["read public.notes 1", "read public.compounds 2"]);

    room.forget().await;
    let transaction = db.begin().await.expect("begun");
    let nested = transaction.begin().await.expect("nested");
    compound::Entity::find().all(&nested).await.expect("an answer");
    nested.commit().await.expect("released");
    transaction.rollback().await.expect("rolled back");
    assert_eq!(room.logged(1).await, ["read public.compounds 2"]);

    room.forget().await;
    let transaction = db.begin().await.expect("begun");
    compound::Entity::find().all(&transaction).await.expect("an answer");
    transaction.execute_unprepared("SELECT 1 / 0").await.expect_err("a failure");
    transaction.commit().await.expect_err("failed");
    let transaction = db.begin().await.expect("begun");
    note::Entity::find().all(&transaction).await.expect("an answer");
    drop(transaction);
    assert_eq!(room.logged(2).await, ["read public.compounds 2", "read public.notes 1"]);
    database.close().await;
    assert_eq!(room.entries().await.len(), 2, "each once");
}

#[tokio::test]
async fn a_transaction_for_reads_logs_them_and_writes_nothing_else() {
    let room = ReadingRoom::new().await;
    for mode in MODES {
        room.forget().await;
        let (_database, db) = open(&room, mode).await;
        let transaction = db.begin_with_config(None, Some(AccessMode::ReadOnly)).await.expect("begun");
        compound::Entity::find().all(&transaction).await.expect("an answer");
        let nested = transaction.begin().await.expect("nested");
        let failure = nested.execute_unprepared("DELETE FROM tags").await.expect_err("a write");
        assert!(matches!(TenantError::of(&failure), Some(TenantError::ReadOnlyTransaction)), "{failure}");
        nested.rollback().await.expect("rolled back");
        transaction.commit().await.expect("committed");
        assert_eq!(room.entries().await[0], "read public.compounds 2");
        assert!(!texts(&room.admin, "SELECT label FROM tags").await.is_empty());
    }
}

#[tokio::test]
async fn what_a_standby_answers_is_logged_on_the_primary_first() {
    let pair = Pair::new().await;
    let database = pair.builder().read_from_replicas(2).read_audit(ReadAudit::Durable).build().await.expect("found");
    let is_fresh = || database.replica_statistics().replicas.iter().any(|replica| replica.lag.is_some());
    until("a standby is known to be fresh", async || is_fresh()).await;
    let db = database.connect_to_replica(TenantContext::new(pair.world.acme.id), MaxLag::new(Duration::from_secs(2)));
    let entries = async || {
        let sql = "SELECT concat_ws(' ', organization_id, tables, touched) FROM tenancy.access_log WHERE kind = 'read'";
        texts(&pair.world.admin, sql).await
    };
    assert_eq!(docking_job::Entity::find().all(&db).await.expect("an answer").len(), 2);
    assert_eq!(entries().await, [format!("{} {{public.docking_jobs}} 2", pair.world.acme.id)]);
    assert_eq!(database.replica_statistics().on_replicas, 1);
    let revoke = format!("REVOKE EXECUTE ON FUNCTION tenancy.record_accesses(jsonb) FROM {}", application_role());
    execute(&pair.world.admin, &revoke).await;
    let failure = docking_job::Entity::find().all(&db).await.expect_err("no entry");
    assert!(is_unwritten(&failure), "{failure}");
    assert_eq!(entries().await.len(), 1);
}
