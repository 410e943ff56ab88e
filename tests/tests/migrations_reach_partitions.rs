//! Tables that an application's own migration has partitioned: what is asked of the parent is asked of each part.

use sea_orm::{ColumnType, ConnectionTrait, DatabaseConnection};
use tenant_core::{Audit, Index, TenantContext, TenantDatabase, TenantId};

use crate::support::described::{Described, DescribedColumn, left_to_do, migrator, registry};
use crate::support::{Entries, connect_as, empty_database, execute, texts};

const CATALOG: &str = include_str!("catalog.sql");

fn parts() -> Described {
    Described::new("parts")
}

fn events() -> Described {
    let events = Described::new("events").column(DescribedColumn::new("made_on", ColumnType::Date));
    let events = events.column(DescribedColumn::new("kind", ColumnType::Text).check("kind <> ''"));
    let events = events.refers("part_id", "parts").index(Index::new().descending("made_on"));
    events.index(Index::new().ascending("kind").filter("part_id IS NOT NULL")).audit(Audit::none().writes())
}

/// By month, and one month by halves; with rows of two tenants.
const PARTITIONED: &str = "CREATE TABLE events (organization_id uuid NOT NULL, id uuid NOT NULL, made_on date NOT NULL,
        kind text NOT NULL, part_id uuid, PRIMARY KEY (organization_id, id, made_on)) PARTITION BY RANGE (made_on);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY RANGE (made_on);
    CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES FROM ('2026-02-01') TO ('2026-02-15');
    INSERT INTO parts SELECT ('00000000-0000-0000-0000-00000000000' || n)::uuid, ('00000000-0000-0000-0000-00000000000' || n)::uuid
      FROM generate_series(1, 2) AS n;
    INSERT INTO events SELECT ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, gen_random_uuid(),
        '2026-01-01'::date + n % 44, 'x', ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid
      FROM generate_series(1, 500) AS n;";

const OWNED: &str = "ALTER TABLE events OWNER TO ROLE_owner; ALTER TABLE events_1 OWNER TO ROLE_owner;
    ALTER TABLE events_2 OWNER TO ROLE_owner; ALTER TABLE events_2a OWNER TO ROLE_owner";

async fn partitioned(roles: &str) -> (DatabaseConnection, tenant_testkit::Database) {
    let (admin, database) = empty_database().await;
    migrator(roles, &[parts()]).up(&admin, None).await.expect("up");
    execute(&admin, PARTITIONED).await;
    execute(&admin, &OWNED.replace("ROLE", roles)).await;
    (admin, database)
}

/// The parts that are not closed as their parent is.
const OPEN: &str = "SELECT c.relname::text FROM pg_class c WHERE relname ~ '^events' AND relkind IN ('r', 'p')
    AND NOT (relrowsecurity AND relforcerowsecurity
      AND (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) = 5
      AND (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND tgname ~ '^tenancy_audit' AND tgenabled = 'A') = 4)";

#[tokio::test]
async fn walls_indexes_and_references_reach_all_of_them() {
    let (admin, database) = partitioned("parted").await;
    let before = texts(&admin, CATALOG).await;
    let wanted = migrator("parted", &[parts(), events()]);
    let db = connect_as("parted_migrator", &database).await;
    wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(texts(&admin, OPEN).await, [""; 0]);
    let whole =
        "SELECT count(*)::text || ' ' || bool_and(indisvalid) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
        WHERE relname ~ '^events' AND NOT indisprimary";
    assert_eq!(texts(&admin, whole).await, ["8 true"]);
    let keys = "SELECT count(*)::text || ' ' || bool_and(convalidated) FROM pg_constraint
        WHERE contype = 'f' AND conrelid::regclass::text ~ '^events'";
    assert_eq!(texts(&admin, keys).await, ["4 true"]);
    assert_eq!(left_to_do(&admin, &db, &wanted).await, [""; 0]);

    let made = texts(&admin, CATALOG).await;
    wanted.down(&db, Some(1)).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(texts(&admin, CATALOG).await, before);
    wanted.up(&db, None).await.expect("up again");
    assert_eq!(texts(&admin, CATALOG).await, made);

    let later = "SET ROLE parted_owner;
        CREATE TABLE events_3 PARTITION OF events FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
        CREATE TABLE events_2b PARTITION OF events_2 FOR VALUES FROM ('2026-02-15') TO ('2026-03-01'); RESET ROLE";
    execute(&admin, later).await;
    assert_eq!(texts(&admin, OPEN).await.len(), 2);
    wanted.up(&db, None).await.expect("a later part");
    assert_eq!(texts(&admin, OPEN).await, [""; 0]);
    assert_eq!(left_to_do(&admin, &db, &wanted).await, [""; 0]);
}

#[tokio::test]
async fn a_reference_that_crosses_tenants_is_found_in_a_part() {
    let (admin, database) = partitioned("parted_cross").await;
    let cross = "UPDATE events SET part_id = '00000000-0000-0000-0000-000000000002'
        WHERE organization_id = '00000000-0000-0000-0000-000000000001' AND tableoid = 'events_2a'::regclass";
    execute(&admin, cross).await;
    let wanted = migrator("parted_cross", &[parts(), events()]);
    let db = connect_as("parted_cross_migrator", &database).await;
    let refused = wanted.up(&db, None).await.expect_err("it crosses").to_string();
    assert!(refused.contains("events_part_id_fkey"), "{refused}");
    execute(&admin, "UPDATE events SET part_id = organization_id").await;
    wanted.up(&db, None).await.expect("mended");
    assert_eq!(left_to_do(&admin, &db, &wanted).await, [""; 0]);
}

/// A key of one part alone tells one tenant of another's rows as well as its parent's would.
#[tokio::test]
async fn a_unique_index_of_a_part_without_the_tenant_is_refused() {
    let (admin, database) = partitioned("parted_told").await;
    let wanted = migrator("parted_told", &[parts(), events()]);
    let db = connect_as("parted_told_migrator", &database).await;
    wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{error}"));
    let start = || async {
        let registry = registry(&[parts(), events()]);
        TenantDatabase::builder(database.url("parted_told_app")).registry(registry).build().await
    };
    start().await.unwrap_or_else(|error| panic!("a sound database: {error}"));
    execute(&admin, "CREATE UNIQUE INDEX told ON events_2a (id)").await;
    let refusal = start().await.expect_err("it tells").to_string();
    assert!(refusal.contains("unique index public.told of table public.events lacks the tenant column"), "{refusal}");
}

/// A partition's own triggers tell of statements that name it, and its parent's of those that name the parent: each is logged
/// once, as the table's.
#[tokio::test]
async fn writes_to_a_part_are_logged_as_the_tables() {
    let (admin, database) = partitioned("parted_log").await;
    let wanted = migrator("parted_log", &[parts(), events()]);
    let db = connect_as("parted_log_migrator", &database).await;
    wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{error}"));
    let registry = registry(&[parts(), events()]);
    let tenants = TenantDatabase::builder(database.url("parted_log_app")).registry(registry).build().await;
    let tenant = TenantId::new(uuid::Uuid::from_u128(1));
    let app = tenants.unwrap_or_else(|error| panic!("{error}")).connect(TenantContext::new(tenant));
    let log = Entries::new(&admin).await;
    let sent = app.execute_unprepared("UPDATE events SET kind = 'y' WHERE made_on < '2026-02-02'").await;
    let changed = sent.expect("changed").rows_affected();
    assert_eq!(log.come().await, [format!("update 1 public.events {changed}")]);
    // From one part into another.
    let sent = app.execute_unprepared("UPDATE events SET made_on = '2026-02-03' WHERE made_on < '2026-01-04'").await;
    let moved = sent.expect("moved").rows_affected();
    assert_eq!(log.come().await, [format!("update 1 public.events {moved}")]);
    execute(&admin, "DELETE FROM events_1 WHERE organization_id = '00000000-0000-0000-0000-000000000002'").await;
    execute(&admin, "UPDATE events_2a SET kind = 'z' WHERE organization_id = '00000000-0000-0000-0000-000000000001'")
        .await;
    let entries = log.come().await;
    assert!(entries.len() == 2 && entries[0].starts_with("delete 2 public.events "), "{entries:?}");
    assert!(entries[1].starts_with("update 1 public.events "), "{entries:?}");
}
