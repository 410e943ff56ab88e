//! What was refused for isolation's sake is logged outside the transaction that was refused, without the statement's text and
//! values, and no flood of refusals fills the log or keeps anybody waiting.

use std::time::Duration;

use entities::molecule;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, TransactionTrait, Value};
use tenant_core::{
    Fingerprint, MaxLag, OrganizationStatus, PlacementKind, RoutingError, TenantContext, TenantError, TenantId,
    TenantRouter, UserId,
};
use uuid::Uuid;

use crate::routing::{Estate, organization, placement, tenant};
use crate::support::reading_room::{PROMPT, ReadingRoom};
use crate::support::{Pair, execute, soon, texts, until};

#[tokio::test]
async fn a_refusal_is_logged_by_what_it_names_and_never_by_text_or_values() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PROMPT)).await;
    let (of, user) = (TenantId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(7)));
    let db = database.connect(TenantContext::new(of).user(user).request("req-1".parse().unwrap()));
    let other = Value::from(Uuid::from_u128(2));
    let refused = [
        ("SELECT * FROM salaries WHERE name = 'very secret'", None, "UnknownTable: public.salaries"),
        ("SELECT pg_sleep(4711)", None, "Function: pg_sleep"),
        ("SELECT 'very secret' FROM pg_class", None, "SystemCatalog: pg_class"),
        ("SET ROLE postgres", None, "Statement: SET"),
        ("SELECT FROM WHERE 'very secret'", None, "Unparsable"),
        (
            "INSERT INTO tags (organization_id, label) VALUES ($1, 'very secret')",
            Some(other),
            "TenantMismatch: public.tags.organization_id",
        ),
    ];
    for (sql, value, _) in &refused {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, *sql, value.clone());
        db.query_all_raw(statement).await.expect_err(sql);
    }
    room.logged(refused.len()).await;
    let logged =
        room.of_each("concat_ws(' ', kind, organization_id, user_id, request_id, touched, statement, reason)").await;
    let expected =
        refused.map(|(sql, _, reason)| format!("denial {of} {user} req-1 1 {} {reason}", Fingerprint::of(sql)));
    assert_eq!(logged, expected);
    assert!(!logged.concat().contains("secret") && !logged.concat().contains(&Uuid::from_u128(2).to_string()));
}

#[tokio::test]
async fn a_refusal_outlives_the_transaction_that_it_ended() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PROMPT).max_connections(1)).await;
    let db = room.connect(&database, 1);
    let transaction = db.begin().await.expect("begun");
    transaction.execute_unprepared("SELECT * FROM salaries").await.expect_err("refused");
    // The only connection is still the transaction's.
    drop(transaction);
    assert_eq!(room.logged(1).await, ["denial 1 UnknownTable: public.salaries"]);
}

#[tokio::test]
async fn what_the_second_wall_refuses_is_logged_too() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PROMPT)).await;
    let db = room.connect(&database, 1);
    execute(&room.admin, "REVOKE SELECT ON tags FROM tenancy_app").await;
    db.execute_unprepared("SELECT id FROM tags").await.expect_err("refused by the database");
    assert_eq!(room.logged(1).await, ["denial 1 refused by the database (42501)"]);
}

#[tokio::test]
async fn none_is_logged_where_that_is_switched_off() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PROMPT).log_denials(false)).await;
    let db = room.connect(&database, 1);
    db.execute_unprepared("SELECT * FROM salaries").await.expect_err("refused");
    db.execute_unprepared("SELECT id FROM compounds").await.expect("a read");
    database.close().await;
    assert_eq!(room.entries().await, ["read public.compounds 2"]);
}

#[tokio::test]
async fn a_flood_is_few_entries_and_keeps_nobody_waiting() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.max_connections(1)).await;
    let (flood, other) = (room.connect(&database, 1), room.connect(&database, 2));
    room.lets_log(false).await;
    let flooding = async {
        for _ in 0..5_000 {
            flood.execute_unprepared("SELECT * FROM salaries").await.expect_err("refused");
        }
    };
    soon("refused without a wait", flooding).await;
    other.execute_unprepared("SELECT pg_sleep(1)").await.expect_err("refused");
    assert!(database.audit_statistics().queued < 100, "{:?}", database.audit_statistics());
    room.lets_log(true).await;
    until("all is written", async || database.audit_statistics().queued == 0).await;
    let entries = room.of_each("concat_ws(' ', right(organization_id::text, 1), touched)").await;
    assert!(entries.len() < 100 && entries.contains(&"2 1".to_owned()), "{entries:?}");
    let times = |entry: &String| entry.strip_prefix("1 ").map_or(0, |times| times.parse::<u64>().expect("a number"));
    assert_eq!(entries.iter().map(times).sum::<u64>(), 5_000);
}

#[tokio::test]
async fn a_write_for_a_replica_is_logged_on_the_primary() {
    let pair = Pair::new().await;
    let database = pair.builder().read_from_replicas(2).build().await.expect("found");
    let lag = MaxLag::new(Duration::from_secs(2));
    let db = database.connect_to_replica(TenantContext::new(pair.world.acme.id), lag);
    let failure = db.execute_unprepared("DELETE FROM molecules").await.expect_err("a write");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::ReplicaWrite)), "{failure}");
    database.close().await;
    let sql = "SELECT concat_ws(' ', organization_id, reason) FROM tenancy.access_log WHERE kind = 'denial'";
    assert_eq!(texts(&pair.world.admin, sql).await, [format!("{} ReplicaWrite", pair.world.acme.id)]);
}

#[tokio::test]
async fn an_organisation_that_may_not_work_is_logged_where_it_lives() {
    let estate = Estate::new(&["a"]).await;
    estate.catalog.place(placement("a", PlacementKind::Shared));
    estate.catalog.put(organization(1, "a"));
    estate.catalog.put(organization(2, "a"));
    let router: TenantRouter = estate.router(&["a"]).build().await.expect("a router");
    let db = router.connect(TenantContext::new(tenant(1))).await.expect("it works");
    molecule::Entity::find().all(&db).await.expect("an answer");
    let mut suspended = organization(1, "a");
    (suspended.status, suspended.epoch) = (OrganizationStatus::Suspended, 1);
    estate.catalog.put(suspended);
    until("suspended", async || molecule::Entity::find().all(&db).await.is_err()).await;
    let failure = router.connect(TenantContext::new(tenant(1))).await.expect_err("suspended");
    assert!(matches!(failure, RoutingError::Suspended { .. }), "{failure}");
    router.connect(TenantContext::new(tenant(99))).await.expect_err("not known, so nowhere to log");
    let written = router.audit_statistics();
    assert_eq!(written.lost, 0);
    router.close().await;
    let admin = estate.databases[0].admin().await.expect("a superuser's connection");
    let sql = "SELECT DISTINCT concat_ws(' ', kind, organization_id, reason) FROM tenancy.access_log WHERE kind IN ('read', 'denial')";
    assert_eq!(texts(&admin, sql).await, [format!("denial {} Suspended", tenant(1))]);
}
