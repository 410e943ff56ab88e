//! A tenant reads its own access log, all of it and nobody else's, page by page, by an index.

use std::collections::BTreeSet;

use sea_orm::prelude::DateTimeUtc;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use tenant_core::{
    AccessCursor, AccessEntry, AccessKind, AccessLog, Fingerprint, ParseCursorError, RequestId, TenantContext,
    TenantError, TenantId, UserId,
};
use uuid::Uuid;

use crate::support::laboratory::compound;
use crate::support::reading_room::{PATIENT, ReadingRoom};
use crate::support::{execute, texts};

/// Entries by hand, as of many days: their number, and what differs.
async fn written(room: &ReadingRoom, tenant: u128, entries: u32) {
    let tenant = Uuid::from_u128(tenant);
    let sql = format!(
        "SELECT tenancy.write_entry(now() - (n / 3) * interval '1 second', '{tenant}', \
           CASE WHEN n % 11 = 0 THEN '{user}'::uuid ELSE '{tenant}' END, CASE WHEN n % 5 = 0 THEN '{user}'::uuid END, \
           'req-' || n % 7, CASE WHEN n % 2 = 0 THEN 'read' ELSE 'update' END, \
           ARRAY['public.compounds', 'public.t' || n % 3], n, NULL, NULL, NULL, NULL) \
         FROM generate_series(1, {entries}) n",
        user = Uuid::from_u128(7),
    );
    execute(&room.admin, &sql).await;
}

async fn all_pages(log: AccessLog<'_>) -> Result<Vec<AccessEntry>, DbErr> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = log.clone().page(after).await?;
        all.extend(page.entries);
        // As a page's address carries it.
        let Some(next) = page.next else { return Ok(all) };
        after = Some(next.to_string().parse::<AccessCursor>().expect("a cursor"));
    }
}

#[tokio::test]
async fn pages_have_each_entry_once_the_newest_first_and_none_of_another_tenants() {
    let room = ReadingRoom::new().await;
    written(&room, 1, 250).await;
    written(&room, 2, 40).await;
    let database = room.open(|builder| builder.log_denials(false)).await;
    let (one, other) = (room.connect(&database, 1), room.connect(&database, 2));
    assert_eq!(texts(&one, "SELECT label FROM tags").await, ["label"]);
    for size in [1, 7, 100, 250, 1_000] {
        let all = all_pages(AccessLog::of(&one).kind(AccessKind::Read).page_size(size)).await.expect("entries");
        assert_eq!(all.len(), 125, "{size} a page");
        assert!(all.is_sorted_by_key(|entry| std::cmp::Reverse((entry.at, entry.entry))));
        assert!(all.iter().all(|entry| entry.bound_tenant != Some(TenantId::new(Uuid::from_u128(2)))));
    }
    let numbers = |all: Vec<AccessEntry>| all.iter().map(|entry| entry.entry).collect::<BTreeSet<_>>();
    let of_one = numbers(all_pages(AccessLog::of(&one).page_size(50)).await.expect("entries"));
    let of_other = numbers(all_pages(AccessLog::of(&other)).await.expect("entries"));
    assert!(of_one.len() >= 250 && of_other.len() >= 40 && of_one.is_disjoint(&of_other));
    // Another tenant's cursor is a moment in one's own log.
    let foreign = AccessLog::of(&other).page_size(1).page(None).await.expect("a page").next.expect("a cursor");
    let page = AccessLog::of(&one).page(Some(foreign)).await.expect("a page");
    assert!(page.entries.iter().all(|entry| of_one.contains(&entry.entry)));
    assert_eq!("1".parse::<AccessCursor>(), Err(ParseCursorError));
    // By no statement of its own.
    let failure = one.execute_unprepared("SELECT * FROM tenancy.access_log").await.expect_err("refused");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::Refused(_))), "{failure}");
}

#[tokio::test]
async fn filters_find_what_they_say() {
    let room = ReadingRoom::new().await;
    let before = texts(&room.admin, "SELECT (extract(epoch FROM now()) * 1000000)::bigint::text").await;
    let before = DateTimeUtc::from_timestamp_micros(before[0].parse().expect("a number")).expect("in range");
    written(&room, 1, 210).await;
    let database = room.open(|builder| builder.log_denials(false)).await;
    let db = room.connect(&database, 1);
    let log = || AccessLog::of(&db).table("public.compounds");
    let count = async |log: AccessLog<'_>| all_pages(log.page_size(40)).await.expect("entries").len();
    let request: RequestId = "req-3".parse().unwrap();
    assert_eq!(count(log().user(UserId::new(Uuid::from_u128(7)))).await, 42);
    assert_eq!(count(log().request(&request)).await, 30);
    assert_eq!(count(log().table("public.t1")).await, 70);
    assert_eq!(count(log().table("public.elsewhere")).await, 0);
    assert_eq!(count(log().alarms()).await, 19);
    assert_eq!(count(log().kind(AccessKind::Denial)).await, 0);
    let at = AccessLog::of(&db).kind(AccessKind::Read).page_size(100).page(None).await.expect("a page").entries[99].at;
    let (later, earlier) = (count(log().since(at)).await, count(log().before(at)).await);
    assert_eq!(later + earlier, count(log()).await);
    assert!(later > 0 && earlier > 0 && before > at);
}

#[tokio::test]
async fn an_entry_has_all_that_was_logged() {
    let room = ReadingRoom::new().await;
    let database = room.open(|builder| builder.read_audit(PATIENT)).await;
    let (tenant, user) = (TenantId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(7)));
    let request: RequestId = "req-1".parse().unwrap();
    let db = database.connect(TenantContext::new(tenant).user(user).request(request.clone()));
    compound::Entity::find().all(&db).await.expect("an answer");
    database.close().await;
    // What the triggers write of a row, and one whose values were erased.
    let changes = r#"[{"key": {"id": 1}, "before": {"name": "one"}, "after": {"name": "three"}}]"#;
    for keeps in [true, false] {
        let sql = format!(
            "SELECT tenancy.write_entry(now(), '{tenant}', NULL, NULL, NULL, 'update', ARRAY['public.compounds'], 1, NULL, NULL, \
               '{keeps}', NULL); \
             INSERT INTO tenancy.access_log_values SELECT entry, at, '{tenant}', 'salt', '{changes}' FROM tenancy.access_log \
               WHERE reason = '{keeps}' AND {keeps}"
        );
        execute(&room.admin, &sql).await;
    }
    let database = room.open(|builder| builder.log_denials(false)).await;
    let db = room.connect(&database, 1);
    let entries = AccessLog::of(&db).page_size(3).page(None).await.expect("a page").entries;
    let [erased, kept, read] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((erased.kind, &erased.changes), (AccessKind::Update, &None));
    assert_eq!(kept.changes, Some(changes.parse().expect("JSON")));
    assert_eq!((read.kind, read.user, read.request.as_ref()), (AccessKind::Read, Some(user), Some(&request)));
    assert_eq!((read.touched, read.alarm, read.bound_tenant), (Some(2), false, Some(tenant)));
    assert_eq!(
        (read.tables.as_slice(), read.database_role.as_str()),
        (&["public.compounds".to_owned()][..], "tenancy_app")
    );
    assert!(read.duration.is_some_and(|took| !took.is_zero()) && read.transaction > 0 && read.changes.is_none());
    let statement: Fingerprint = read.statement.expect("a fingerprint");
    assert_eq!(statement.to_string().len(), 16);
}

/// Whoever is bound by SQL may have said anything.
#[tokio::test]
async fn what_no_program_says_makes_no_page_unreadable() {
    let room = ReadingRoom::new().await;
    let tenant = TenantId::new(Uuid::from_u128(1));
    let sql = format!(
        "SELECT tenancy.write_entry(clock_timestamp(), '{tenant}', NULL, NULL, 'a ticket!', 'update', '{{}}', NULL, 'none', NULL, NULL, NULL)"
    );
    execute(&room.admin, &sql).await;
    let database = room.open(|builder| builder).await;
    let entries = AccessLog::of(&room.connect(&database, 1)).page_size(1).page(None).await.expect("a page").entries;
    assert_eq!((entries[0].kind, &entries[0].request, entries[0].statement), (AccessKind::Update, &None, None));
    execute(&room.admin, &sql.replace("'update'", "'a newer release''s'")).await;
    let entries = AccessLog::of(&room.connect(&database, 1)).page_size(1).page(None).await.expect("a page").entries;
    assert_eq!(entries[0].kind, AccessKind::Other);
}

/// As the application's role, behind the policies: each partition by the index, and no more of it than a page.
#[tokio::test]
async fn a_page_is_found_by_the_index() {
    let room = ReadingRoom::new().await;
    for tenant in 1..=4 {
        written(&room, tenant, 5_000).await;
    }
    execute(&room.admin, "ANALYZE tenancy.access_log").await;
    let plan = "SET LOCAL ROLE tenancy_app; SET LOCAL tenancy.tenant_id = '00000000-0000-0000-0000-000000000001'";
    let pool = room.admin.get_postgres_connection_pool();
    let mut connection = pool.begin().await.expect("begun");
    sqlx::raw_sql(plan).execute(&mut *connection).await.expect("bound");
    let sql = "EXPLAIN SELECT l.entry FROM tenancy.access_log l LEFT JOIN tenancy.access_log_values v \
               ON v.entry = l.entry AND v.at = l.at AND v.organization_id = $1 \
               WHERE l.organization_id = $1 AND (l.at, l.entry) < (now(), 1000000) ORDER BY l.at DESC, l.entry DESC LIMIT 101";
    let sql = sql.replace("$1", "'00000000-0000-0000-0000-000000000001'");
    let lines: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *connection).await.expect("a plan");
    let plan = lines.join("\n");
    assert!(plan.contains("Index") && plan.contains("Backward") && !plan.contains("Sort"), "{plan}");
    assert!(plan.contains("ROW(l") || plan.contains("ROW("), "the cursor is part of the index condition: {plan}");
    assert!(!plan.contains("Seq Scan on access_log_2"), "{plan}");
}
