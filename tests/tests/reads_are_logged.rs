//! Reads of marked tables are logged, each once, under its own tenant, whatever becomes of them; and no more wait than may.

use std::time::Duration;

use entities::docking_job;
use futures_util::{StreamExt, TryStreamExt};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, StreamTrait, TransactionSession, TransactionTrait};
use tenant_core::{
    Audit, AuditError, BindingMode, Fingerprint, PlacementKind, ReadAudit, Registry, RegistryBuilder, Rewriter, Table,
    TenantContext, TenantError, TenantId, UserId, WhenFull,
};
use tenant_testkit::Cluster;
use tenant_testkit::cancellation::{Cut, CutPoint};
use uuid::Uuid;

use crate::routing::{Estate, Seen, organization, placement};
use crate::support::laboratory::{compound, note, tag};
use crate::support::reading_room::{PATIENT, PROMPT, ReadingRoom};
use crate::support::{soon, texts, until};

fn statement(sql: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, sql)
}

fn buffered(capacity: usize, when_full: WhenFull) -> ReadAudit {
    ReadAudit::Buffered { capacity, flush_every: Duration::from_millis(5), batch: 10, when_full }
}

#[tokio::test]
async fn an_entry_says_who_read_how_much_of_what() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PROMPT)).await;
    let (tenant, user) = (TenantId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(7)));
    let db = database.connect(TenantContext::new(tenant).user(user).request("req-1".parse().unwrap()));
    let sql = "SELECT c.id FROM compounds c";
    db.query_all_raw(statement(sql)).await.expect("an answer");
    room.logged(1).await;
    let all = "concat_ws(' ', kind, organization_id, bound_tenant, user_id, request_id, tables, touched, statement, \
               database_role, alarm, duration > 0 AND duration < 10000000, at BETWEEN now() - interval '10 s' AND \
               clock_timestamp())";
    let rewriter = Rewriter::new(std::sync::Arc::new(room.registry.clone()));
    let fingerprint = Fingerprint::of(rewriter.rewrite(sql).expect("accepted").sql());
    let expected =
        format!("read {tenant} {tenant} {user} req-1 {{public.compounds}} 2 {fingerprint} tenancy_app f t t");
    assert_eq!(room.of_each(all).await, [expected]);
}

#[tokio::test]
async fn what_a_statement_reads_anywhere_in_it_is_named_and_what_it_only_writes_is_not() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PATIENT)).await;
    let db = room.connect(&database, 1);
    let reads = [
        ("SELECT 1 FROM compounds c JOIN notes n ON true", "public.compounds,public.notes 2"),
        ("SELECT 1 FROM tags t LEFT JOIN notes n USING (text)", ""),
        ("SELECT (SELECT count(*) FROM notes) FROM tags", "public.notes 1"),
        ("WITH notes AS (SELECT 1 AS id FROM compounds) SELECT * FROM notes", "public.compounds 2"),
        ("INSERT INTO tags (label) SELECT name FROM compounds", "public.compounds 2"),
        ("UPDATE tags SET label = label WHERE EXISTS (SELECT 1 FROM notes)", "public.notes 3"),
        ("DELETE FROM tags USING notes WHERE tags.label = notes.text", "public.notes 0"),
        ("TABLE notes", "public.notes 1"),
        ("SELECT 1 FROM tags", ""),
        ("INSERT INTO notes (text) VALUES ('a') RETURNING id", ""),
        // No triggers log what these find out.
        ("INSERT INTO notes (text) VALUES ('a') ON CONFLICT DO NOTHING", "public.notes 1"),
        ("UPDATE notes SET text = 'b' WHERE text = 'a' RETURNING text", "public.notes 2"),
        ("DELETE FROM notes WHERE text = 'b'", "public.notes 2"),
        ("MERGE INTO notes n USING tags t ON n.text = t.label WHEN MATCHED THEN DO NOTHING", "public.notes 0"),
        ("SELECT count(*) FROM compounds WHERE false", "public.compounds 1"),
    ];
    let reads = reads.into_iter().filter(|(sql, _)| !sql.contains("USING (text)")).collect::<Vec<_>>();
    // The second time each text is known.
    for _ in 0..2 {
        for (sql, _) in &reads {
            db.execute_raw(statement(sql)).await.unwrap_or_else(|failure| panic!("{failure}: {sql}"));
        }
        db.execute_unprepared("DELETE FROM tags WHERE label <> 'label'").await.expect("as before");
    }
    assert_eq!(room.entries().await, Vec::<String>::new(), "they wait");
    database.close().await;
    let expected: Vec<_> =
        reads.iter().filter(|(_, read)| !read.is_empty()).map(|(_, read)| format!("read {read}")).collect();
    assert_eq!(room.entries().await, [expected.clone(), expected].concat());
    assert_eq!(database.audit_statistics().written, 24);
}

#[test]
fn what_triggers_log_of_a_write_is_logged_once() {
    let reads = |audit: Audit| {
        let tables = [Table::scoped::<compound::Entity>(), Table::scoped::<note::Entity>().audit(audit)];
        let registry =
            tables.into_iter().fold(Registry::builder(), RegistryBuilder::table).build().expect("consistent");
        let rewrite =
            Rewriter::new(registry.into()).rewrite("UPDATE notes SET text = 'b' WHERE text = 'a' RETURNING text");
        rewrite.expect("accepted").logged_read().is_some()
    };
    assert!(!reads(Audit::none().reads().writes()));
    assert!(reads(Audit::none().reads()));
}

/// What it streams is asked for with its first row.
#[tokio::test]
async fn a_read_is_logged_in_the_database_that_it_was_of() {
    let estate = Estate::new(&["a", "b"]).await;
    for name in ["a", "b"] {
        estate.catalog.place(placement(name, PlacementKind::Shared));
    }
    estate.catalog.put(organization(1, "a"));
    let router = estate.router(&["a", "b"]).build().await.expect("a router");
    let seen = Seen::by(&router, 1).await;
    let mut late = docking_job::Entity::find().stream(&seen.0).await.expect("a stream");
    estate.catalog.put(organization(1, "b"));
    until("it goes to b", async || seen.at().await.expect("an answer") == "b").await;
    assert!(late.try_next().await.expect("an answer").is_none());
    drop(late);
    router.close().await;
    for (database, reads) in estate.databases.iter().zip(["0", "1"]) {
        let admin = database.admin().await.expect("a superuser's connection");
        assert_eq!(texts(&admin, "SELECT count(*)::text FROM tenancy.access_log WHERE kind = 'read'").await, [reads]);
    }
}

/// As its pool is used on.
#[test]
fn entries_are_written_after_the_runtime_that_made_the_database_has_ended() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (maker, user) = (runtime().expect("a runtime"), runtime().expect("a runtime"));
    let room = user.block_on(ReadingRoom::new());
    let database = maker.block_on(room.open(|builder| builder.read_audit(PROMPT)));
    drop(maker);
    user.block_on(async {
        compound::Entity::find().all(&room.connect(&database, 1)).await.expect("an answer");
        assert_eq!(room.logged(1).await, ["read public.compounds 2"]);
        soon("closed", database.close()).await;
    });
}

#[tokio::test]
async fn each_tenants_reads_are_its_own_on_one_connection_in_both_modes() {
    let room = ReadingRoom::new().await;
    for mode in [BindingMode::Session, BindingMode::Transaction] {
        room.forget().await;
        let database = room
            .open(|builder| builder.read_audit(buffered(4, WhenFull::Wait)).max_connections(1).binding_mode(mode))
            .await;
        let readers = (1..=2).map(|tenant| {
            let db = room.connect(&database, tenant);
            tokio::spawn(async move {
                for round in 0..20 {
                    if round % 2 == 0 {
                        compound::Entity::find().all(&db).await.expect("an answer");
                    } else {
                        let transaction = db.begin().await.expect("begun");
                        compound::Entity::find().all(&transaction).await.expect("an answer");
                        transaction.commit().await.expect("committed");
                    }
                }
            })
        });
        soon("the readers end", futures_util::future::join_all(readers)).await.into_iter().for_each(|end| end.unwrap());
        database.close().await;
        let mut entries = room
            .of_each("concat_ws(' ', right(organization_id::text, 1), right(bound_tenant::text, 1), touched)")
            .await;
        entries.sort();
        assert_eq!(entries, [["1 1 2"; 20], ["2 2 2"; 20]].concat(), "{mode:?}");
        let statistics = database.audit_statistics();
        assert_eq!((statistics.written, statistics.lost, statistics.queued), (40, 0, 0), "{statistics:?}");
    }
}

#[tokio::test]
async fn a_stream_is_logged_at_its_end_and_where_it_is_dropped_with_the_rows_so_far() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PROMPT)).await;
    let db = room.connect(&database, 1);
    drop(db.stream_raw(statement("SELECT 1 FROM compounds")).await.expect("a stream that nobody asks"));
    let rows: Vec<_> =
        db.stream_raw(statement("SELECT 1 FROM compounds")).await.expect("a stream").try_collect().await.expect("rows");
    assert_eq!(rows.len(), 2);
    room.logged(1).await;
    let mut stream = db.stream_raw(statement("SELECT 1 FROM compounds")).await.expect("a stream");
    stream.next().await.expect("a row").expect("a row");
    drop(stream);
    let dropped = "read public.compounds 1 not read to its end";
    assert_eq!(room.logged(2).await, ["read public.compounds 2", dropped]);
    // The same in a transaction, which is lost by that.
    let transaction = db.begin().await.expect("begun");
    let mut stream = transaction.stream_raw(statement("SELECT 1 FROM compounds")).await.expect("a stream");
    stream.next().await.expect("a row").expect("a row");
    drop(stream);
    drop(transaction);
    assert_eq!(room.logged(3).await[2], dropped);
}

#[tokio::test]
async fn a_read_that_was_cut_or_failed_is_logged_and_one_that_was_never_sent_is_not() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PROMPT)).await;
    let db = room.connect(&database, 1);
    db.query_all_raw(statement("SELECT 1 / (id - id) FROM compounds")).await.expect_err("a division by zero");
    assert_eq!(room.logged(1).await, ["read public.compounds 0 failed (22012)"]);
    assert!(matches!(CutPoint::after(0).cut(compound::Entity::find().all(&db)).await, Cut::Dropped));
    let slow = "SELECT count(*) FROM compounds, generate_series(1, 100000000)";
    let sent = async {
        tokio::time::timeout(Duration::from_millis(300), db.query_all_raw(statement(slow))).await.expect_err("cut");
    };
    sent.await;
    assert_eq!(room.logged(2).await[1], "read public.compounds 0 not read to its end");
    let transaction = db.begin().await.expect("begun");
    transaction.execute_unprepared("SELECT 1 / 0").await.expect_err("a division by zero");
    compound::Entity::find().all(&transaction).await.expect_err("the transaction has failed");
    drop(transaction);
    database.close().await;
    assert_eq!(room.entries().await.len(), 2);
}

#[tokio::test]
async fn what_a_transaction_read_is_logged_however_it_ends() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PATIENT)).await;
    let db = room.connect(&database, 1);
    let begin = async || {
        let transaction = db.begin().await.expect("begun");
        note::Entity::find().all(&transaction).await.expect("an answer");
        let nested = transaction.begin().await.expect("nested");
        compound::Entity::find().all(&nested).await.expect("an answer");
        nested.rollback().await.expect("rolled back");
        transaction
    };
    begin().await.commit().await.expect("committed");
    begin().await.rollback().await.expect("rolled back");
    drop(begin().await);
    database.close().await;
    let expected = ["read public.notes 1", "read public.compounds 2"];
    assert_eq!(room.entries().await, [expected; 3].concat());
}

#[tokio::test]
async fn where_no_more_may_wait_a_read_waits_before_it_is_sent() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(buffered(3, WhenFull::Wait))).await;
    let db = room.connect(&database, 1);
    room.lets_log(false).await;
    for _ in 0..3 {
        compound::Entity::find().all(&db).await.expect("an answer");
    }
    let mut fourth = Box::pin(compound::Entity::find().all(&db));
    tokio::time::timeout(Duration::from_millis(300), &mut fourth).await.expect_err("there is no room");
    let begun = tokio::time::timeout(Duration::from_millis(100), db.begin()).await;
    begun.map(drop).expect_err("nor for a transaction");
    tag::Entity::find().all(&db).await.expect("what is not logged doesn't wait");
    let statistics = database.audit_statistics();
    assert_eq!((statistics.queued, statistics.written, statistics.lost), (3, 0, 0), "{statistics:?}");
    assert!(statistics.waits >= 2 && statistics.failures >= 1, "{statistics:?}");
    room.lets_log(true).await;
    soon("there is room", fourth).await.expect("an answer");
    assert_eq!(room.logged(4).await.len(), 4);
}

#[tokio::test]
async fn where_no_more_may_wait_an_entry_is_lost_and_counted_if_that_is_wanted() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(buffered(3, WhenFull::Count))).await;
    let db = room.connect(&database, 1);
    room.lets_log(false).await;
    for _ in 0..10 {
        compound::Entity::find().all(&db).await.expect("an answer");
    }
    let statistics = database.audit_statistics();
    assert_eq!((statistics.queued, statistics.lost), (3, 7), "{statistics:?}");
    room.lets_log(true).await;
    assert_eq!(room.logged(3).await.len(), 3);
    until("there is room", async || database.audit_statistics().queued == 0).await;
    compound::Entity::find().all(&db).await.expect("an answer");
    assert_eq!(room.logged(4).await.len(), 4);
}

#[tokio::test]
async fn a_transaction_keeps_no_more_than_may_wait() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(buffered(3, WhenFull::Wait)).max_connections(1)).await;
    let db = room.connect(&database, 1);
    let transaction = db.begin().await.expect("begun");
    for _ in 0..3 {
        compound::Entity::find().all(&transaction).await.expect("an answer");
    }
    let full = compound::Entity::find().all(&transaction).await.expect_err("too many");
    assert!(
        matches!(TenantError::of(&full), Some(TenantError::Audit(AuditError::TransactionFull { entries: 3 }))),
        "{full}"
    );
    drop(transaction);
    assert_eq!(room.logged(3).await.len(), 3);

    let database = room.open(|builder| builder.read_audit(buffered(3, WhenFull::Count))).await;
    let transaction = room.connect(&database, 1).begin().await.expect("begun");
    for _ in 0..5 {
        compound::Entity::find().all(&transaction).await.expect("an answer");
    }
    assert_eq!(database.audit_statistics().lost, 2, "and not kept until its end");
    drop(transaction);
    assert_eq!(room.logged(6).await.len(), 6);
}

#[tokio::test]
async fn closing_writes_what_waits_and_what_the_last_statements_leave() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PATIENT)).await;
    let db = room.connect(&database, 1);
    compound::Entity::find().all(&db).await.expect("an answer");
    let transaction = db.begin().await.expect("begun");
    note::Entity::find().all(&transaction).await.expect("an answer");
    let closing = tokio::spawn({
        let database = database.clone();
        async move { database.close().await }
    });
    room.logged(1).await;
    until("closed to others", async || compound::Entity::find().all(&db).await.is_err()).await;
    note::Entity::find().all(&transaction).await.expect("a transaction may end");
    transaction.commit().await.expect("committed");
    soon("closed", closing).await.expect("closed");
    let entries = room.entries().await;
    let notes = entries.iter().filter(|entry| entry.contains("notes")).count();
    assert_eq!(notes, 2, "{entries:?}");
    assert_eq!(database.audit_statistics().lost, 0);
    assert_eq!(database.pool_statistics().open, 0);
}

#[tokio::test]
async fn closing_does_not_wait_for_what_can_not_be_written_and_says_what_was_lost() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PATIENT)).await;
    compound::Entity::find().all(&room.connect(&database, 1)).await.expect("an answer");
    room.lets_log(false).await;
    soon("closed", database.close()).await;
    let statistics = database.audit_statistics();
    assert_eq!((statistics.lost, statistics.queued), (1, 0), "{statistics:?}");
}

#[tokio::test]
async fn entries_outlive_the_connections_of_their_pool() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PATIENT)).await;
    let db = room.connect(&database, 1);
    for _ in 0..5 {
        compound::Entity::find().all(&db).await.expect("an answer");
    }
    let sql = "SELECT pg_terminate_backend(pid, 10000)::text FROM pg_stat_activity \
               WHERE datname = current_database() AND usename = 'tenancy_app'";
    assert!(!texts(&room.admin, sql).await.is_empty());
    database.close().await;
    assert_eq!(room.entries().await.len(), 5);
}

#[tokio::test]
async fn entries_outlive_a_server_that_was_killed() {
    let cluster =
        Cluster::builder().restarts().setting("synchronous_commit", "on").start().await.expect("a PostgreSQL");
    let mut room = ReadingRoom::on(&cluster).await;
    let database = room.open(|builder| builder.read_audit(PROMPT)).await;
    let db = room.connect(&database, 1);
    compound::Entity::find().all(&db).await.expect("an answer");
    room.logged(1).await;
    cluster.kill().expect("killed");
    // Cut short by the server's end, or refused by there being none.
    until("no server", async || compound::Entity::find().all(&db).await.is_err()).await;
    let transaction = db.begin().await;
    transaction.map(drop).expect_err("no server");
    until("the writer has tried", async || {
        let statistics = database.audit_statistics();
        statistics.queued == 0 || statistics.failures > 0
    })
    .await;
    cluster.start_again().await.expect("started again");
    until("the server answers", async || compound::Entity::find().all(&db).await.is_ok()).await;
    database.close().await;
    room.admin = room.database.admin().await.expect("a superuser's connection");
    let statistics = database.audit_statistics();
    assert_eq!((statistics.queued, statistics.lost), (0, 0), "{statistics:?}");
    let (all, complete) = (room.entries().await, "read public.compounds 2".to_owned());
    assert!(all.iter().filter(|entry| **entry == complete).count() >= 2, "{all:?}");
    assert!(all.len() as u64 >= statistics.written, "{all:?}");
}

#[tokio::test]
async fn settings_that_could_write_nothing_are_refused() {
    let room = ReadingRoom::new().await;
    let zero =
        ReadAudit::Buffered { capacity: 0, flush_every: Duration::from_secs(1), batch: 1, when_full: WhenFull::Wait };
    let failure = room.builder_for(room.url()).read_audit(zero).build().await.expect_err("refused").to_string();
    assert!(failure.contains("capacity") && failure.contains("give more"), "{failure}");
}
