//! A migration keeps nobody waiting: its locks are those that it says, it gives way to who holds them, and says who that is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sea_orm::sea_query::StringLen;
use sea_orm::{ColumnType, ConnectionTrait, DatabaseConnection, DatabaseTransaction, IsolationLevel, TransactionTrait};
use tenant_core::Index;
use tenant_migration::{Actor, Change, Event, Observer, Patience, TenantMigrator};

use crate::support::described::{Described, DescribedColumn, migrator};
use crate::support::workshop::{catalog, first, second, second_without_key, tamper, workshop};
use crate::support::{connect_as, empty_database, execute, soon, texts, until};

/// Short enough for a test.
const SHORT: Patience = Patience::DEFAULT.lock_timeout(Duration::from_millis(50)).total(Duration::from_secs(1));

/// PostgreSQL's modes from SHARE UPDATE EXCLUSIVE up, each stronger than the last.
const MODES: [(&str, &str); 4] = [
    ("ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"),
    ("ShareLock", "SHARE"),
    ("ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"),
    ("AccessExclusiveLock", "ACCESS EXCLUSIVE"),
];

/// The strongest lock on each table, by its place in [`MODES`].
type Locks = BTreeMap<String, usize>;

fn add(locks: &mut Locks, table: String, mode: usize) {
    let strongest = locks.entry(table).or_insert(mode);
    *strongest = mode.max(*strongest);
}

/// What a session has on tables that others see; a lock on an index counts as one on its table.
async fn held(db: &impl ConnectionTrait, session: &str) -> Locks {
    let query = format!(
        "SELECT format('%I.%I', n.nspname, t.relname) || '=' || l.mode
         FROM pg_locks l LEFT JOIN pg_index i ON i.indexrelid = l.relation
         JOIN pg_class t ON t.oid = coalesce(i.indrelid, l.relation) JOIN pg_namespace n ON n.oid = t.relnamespace
         WHERE l.locktype = 'relation' AND l.granted AND l.pid = {session} AND n.nspname = 'public' AND t.relkind <> 'S'"
    );
    let mut locks = Locks::new();
    for line in texts(db, &query).await {
        let (table, mode) = line.split_once('=').expect("a pair");
        if let Some(place) = MODES.iter().position(|(name, _)| *name == mode) {
            add(&mut locks, table.replace('"', ""), place);
        }
    }
    locks
}

fn declared(change: &Change, steps: usize) -> Locks {
    let mut locks = Locks::new();
    for lock in change.steps().iter().take(steps).flat_map(tenant_migration::Step::locks) {
        let mode = lock.mode().to_string();
        let place = MODES.iter().position(|(_, name)| *name == mode).expect("a known mode");
        add(&mut locks, lock.table().replace('"', ""), place);
    }
    locks
}

/// Does a change, and compares.
async fn observe(db: &DatabaseConnection, roles: &str, change: &Change) {
    let transaction = db.begin().await.expect("a transaction");
    let pid = texts(&transaction, "SELECT pg_backend_pid()::text").await.remove(0);
    for (number, step) in change.steps().iter().enumerate() {
        let role = match step.actor() {
            Actor::Owner => format!("SET LOCAL ROLE {roles}_owner"),
            Actor::Operator => "RESET ROLE".to_owned(),
        };
        execute(&transaction, &format!("{role}; {}", step.up())).await;
        execute(&transaction, "RESET ROLE").await;
        // As others see it: what it makes is nothing to them.
        let held = held(db, &pid).await;
        assert_eq!(held, declared(change, number + 1), "{}: {}", change.name(), step.up());
    }
    transaction.commit().await.expect("committed");
}

/// Does a step outside transactions, which is held up by an open transaction that writes, and compares.
async fn observe_alone(db: &DatabaseConnection, writes: &str, change: &Change) {
    let (work, blocker) = (db.clone(), db.begin().await.expect("a transaction"));
    execute(&blocker, writes).await;
    let step = &change.steps()[0];
    let doing = async {
        work.execute_unprepared(step.up()).await.unwrap_or_else(|error| panic!("{}: {error}", step.up()));
    };
    let observing = async {
        let head = &step.up()[..40];
        let waits = format!(
            "SELECT pid::text FROM pg_stat_activity WHERE query LIKE '{head}%' AND wait_event_type = 'Lock'
               AND datname = current_database()"
        );
        until("the step waits", async || !texts(db, &waits).await.is_empty()).await;
        let pid = texts(db, &waits).await.remove(0);
        assert_eq!(held(db, &pid).await, declared(change, 1), "{}", step.up());
        blocker.rollback().await.expect("rolled back");
    };
    tokio::join!(doing, observing);
}

/// Goes from one state to the next, each step watched, and gives what was done.
async fn observe_all(db: &DatabaseConnection, roles: &str, writes: &str, states: &[TenantMigrator]) -> Vec<String> {
    let mut seen = Vec::new();
    for migrator in states {
        let plan = migrator.plan(db).await.unwrap_or_else(|error| panic!("{error}"));
        for change in plan.changes() {
            seen.extend(change.steps().iter().map(|step| step.up().to_owned()));
            match change.in_transaction() {
                true => observe(db, roles, change).await,
                false => observe_alone(db, writes, change).await,
            }
        }
        let left = migrator.plan(db).await.expect("a plan");
        assert!(left.is_empty(), "{left}");
    }
    seen
}

/// That each of these kinds of statements was among them.
fn assert_tried(seen: &[String], kinds: &[&str]) {
    for kind in kinds {
        assert!(seen.iter().any(|sql| sql.contains(kind)), "{kind} was not tried: {seen:#?}");
    }
}

#[tokio::test]
async fn each_step_takes_the_locks_that_it_says() {
    let roles = "true_locks";
    let (db, _database) = workshop(roles).await;
    tamper(&db, roles).await;
    let writes = "UPDATE parts SET name = name; UPDATE orders SET amount = 1; UPDATE machines SET name = name";
    let seen = observe_all(&db, roles, writes, &[second_without_key(roles), second(roles), first(roles)]).await;
    let kinds = [
        "ADD COLUMN",
        "TYPE text",
        "SET DEFAULT",
        "SET NOT NULL",
        "CHECK (",
        "VALIDATE CONSTRAINT",
        "CREATE INDEX CONCURRENTLY",
        "CREATE UNIQUE INDEX CONCURRENTLY",
        "DROP INDEX CONCURRENTLY",
        "PRIMARY KEY USING INDEX",
        "UNIQUE USING INDEX",
        "FOREIGN KEY",
        "DROP CONSTRAINT IF EXISTS \"orders",
        "CREATE POLICY",
        "DROP POLICY",
        "FORCE ROW LEVEL",
        "RENAME TO",
        "security_invoker",
        "COMMENT ON",
    ];
    assert_tried(&seen, &kinds);
}

/// Partitioned tables of which one refers to the other, with a partition that is partitioned itself.
const PARTITIONED: &str =
    "CREATE TABLE places (organization_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (organization_id, id))
          PARTITION BY HASH (id);
        CREATE TABLE places_1 PARTITION OF places FOR VALUES WITH (MODULUS 1, REMAINDER 0) PARTITION BY HASH (id);
        CREATE TABLE places_1a PARTITION OF places_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        CREATE TABLE events (organization_id uuid NOT NULL, id uuid NOT NULL, month int NOT NULL, name varchar(9),
          PRIMARY KEY (organization_id, id, month)) PARTITION BY LIST (month);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1) PARTITION BY LIST (month);
        CREATE TABLE events_1a PARTITION OF events_1 FOR VALUES IN (1);
        CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2);";

#[tokio::test]
async fn and_those_on_partitions() {
    let roles = "part_locks";
    let (db, _database) = empty_database().await;
    migrator(roles, &[Described::new("others")]).up(&db, None).await.expect("up");
    execute(&db, PARTITIONED).await;
    for table in ["places", "places_1", "places_1a", "events", "events_1", "events_1a", "events_2"] {
        execute(&db, &format!("ALTER TABLE {table} OWNER TO {roles}_owner")).await;
    }
    let events = |name: DescribedColumn| {
        Described::new("events").column(DescribedColumn::new("month", ColumnType::Integer)).column(name)
    };
    let short = ColumnType::String(StringLen::N(9));
    let bare = || events(DescribedColumn::new("name", short.clone()).nullable());
    let rich = || {
        let name = DescribedColumn::new("name", ColumnType::Text).default("'none'").check("name <> ''");
        let events = events(name).column(DescribedColumn::new("note", ColumnType::Text).nullable());
        let events = events.index(Index::new().ascending("name")).refers("place_id", "places");
        events.refers("other_id", "others")
    };
    let orders = || Described::new("orders").refers("place_id", "places");
    let all = |events: Described, more: Option<Described>| {
        let tables = [Described::new("others"), Described::new("places"), events].into_iter().chain(more);
        migrator(roles, &tables.collect::<Vec<_>>())
    };
    let states = [all(bare(), None), all(rich(), Some(orders())), all(bare(), Some(Described::new("orders")))];
    let seen = observe_all(&db, roles, "DELETE FROM events; DELETE FROM places", &states).await;
    let kinds = [
        "ADD COLUMN",
        "TYPE text",
        "DROP DEFAULT",
        "SET NOT NULL",
        "DROP NOT NULL",
        "CHECK (",
        "VALIDATE CONSTRAINT",
        "ON ONLY",
        "ATTACH PARTITION",
        "DROP INDEX",
        "FOREIGN KEY",
        "DROP CONSTRAINT IF EXISTS \"events_place_id_fkey\"",
        "DROP CONSTRAINT IF EXISTS \"events_other_id_fkey\"",
        "DROP CONSTRAINT IF EXISTS \"events_name_check\"",
        "DROP CONSTRAINT IF EXISTS \"orders_place_id_fkey\"",
        "CREATE TABLE",
        "CREATE POLICY",
    ];
    assert_tried(&seen, &kinds);
}

/// A partition may be gone when what was done to it is taken back, and a new one is there.
#[tokio::test]
async fn partitions_come_and_go_between_up_and_down() {
    let roles = "part_gone";
    let (db, database) = empty_database().await;
    let events = |more: Option<DescribedColumn>| {
        let name = DescribedColumn::new("name", ColumnType::String(StringLen::N(9))).nullable();
        let columns = [DescribedColumn::new("month", ColumnType::Integer), name].into_iter().chain(more);
        let events = columns.fold(Described::new("events"), Described::column);
        migrator(roles, &[Described::new("others"), Described::new("places"), events])
    };
    migrator(roles, &[Described::new("others")]).up(&db, None).await.expect("up");
    execute(&db, PARTITIONED).await;
    for table in ["places", "places_1", "places_1a", "events", "events_1", "events_1a", "events_2"] {
        execute(&db, &format!("ALTER TABLE {table} OWNER TO {roles}_owner")).await;
    }
    events(None).up(&db, None).await.expect("up");
    let note = events(Some(DescribedColumn::new("note", ColumnType::Text).nullable()));
    note.up(&db, None).await.expect("up");
    execute(&db, "DROP TABLE events_2; CREATE TABLE events_3 PARTITION OF events FOR VALUES IN (3)").await;
    let migrating = connect_as(&format!("{roles}_migrator"), &database).await;
    execute(&db, &format!("ALTER TABLE events_3 OWNER TO {roles}_owner")).await;
    note.down(&migrating, Some(1)).await.expect("down");
    let left = "SELECT attrelid::regclass::text FROM pg_attribute WHERE attname = 'note' AND NOT attisdropped
        AND attrelid::regclass::text ~ '^events'";
    assert_eq!(texts(&db, left).await, [""; 0]);
}

/// Everything that is said.
#[derive(Debug, Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn notice(&self, event: &Event<'_>) {
        self.0.lock().expect("no panic").push(format!("{event:?}"));
    }
}

impl Heard {
    fn says(&self, what: &str) -> bool {
        self.0.lock().expect("no panic").iter().any(|said| said.contains(what))
    }
}

/// An open transaction that has touched the table.
async fn holds(db: &DatabaseConnection, sql: &str) -> DatabaseTransaction {
    let transaction = db.begin().await.expect("a transaction");
    execute(&transaction, sql).await;
    transaction
}

#[tokio::test]
async fn who_holds_a_lock_is_named_and_nobody_waits_long_meanwhile() {
    let roles = "polite";
    let (db, database) = workshop(roles).await;
    let before = catalog(&db).await;
    let migrating = connect_as("polite_migrator", &database).await;
    let idle = holds(&db, "SELECT FROM parts").await;
    let pid = texts(&idle, "SELECT pg_backend_pid()::text").await.remove(0);

    let heard = Arc::new(Heard::default());
    let migrator = second(roles).patience(SHORT).observer(heard.clone());
    let slowest = Mutex::new(Duration::ZERO);
    let writing = async {
        loop {
            let begun = Instant::now();
            execute(&db, "UPDATE parts SET code = code").await;
            let mut slowest = slowest.lock().expect("no panic");
            *slowest = begun.elapsed().max(*slowest);
        }
    };
    let failure = tokio::select! {
        done = migrator.up(&migrating, None) => done.expect_err("it can't be had").to_string(),
        () = writing => unreachable!(),
    };
    let named = [format!("process {pid}"), "\"public\".\"parts\"".to_owned(), "table public.parts: columns".to_owned()];
    for part in named.iter().map(String::as_str).chain(["run the same command", "nothing of it was done"]) {
        assert!(failure.contains(part), "`{part}` is not in: {failure}");
    }
    assert!(heard.says("Busy") && heard.says(&format!("process {pid}")), "{heard:?}");
    let slowest = *slowest.lock().expect("no panic");
    assert!(slowest < Duration::from_millis(400), "a writer waited {slowest:?} where an attempt waits 50 ms");
    assert_eq!(catalog(&db).await, before, "nothing is half-done");

    let patient = second(roles);
    let (done, ()) = tokio::join!(patient.up(&migrating, None), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        idle.commit().await.expect("committed");
    });
    done.expect("it goes through when the other is done");
    assert_eq!(patient.plan(&migrating).await.expect("a plan").to_string(), "");
}

#[tokio::test]
async fn a_table_that_is_being_vacuumed_is_waited_for_without_keeping_writers_waiting() {
    let roles = "vacuumed";
    let (db, database) = workshop(roles).await;
    let migrating = connect_as("vacuumed_migrator", &database).await;
    // The lock of VACUUM. The server takes it away from an autovacuum for whoever waits longer than a second, and for nobody
    // who gives up before.
    let vacuum = holds(&db, "LOCK TABLE parts IN SHARE UPDATE EXCLUSIVE MODE").await;
    let migrator = second(roles).patience(Patience::DEFAULT.lock_timeout(Duration::from_millis(50)));
    let waiting = "SELECT extract(epoch FROM clock_timestamp() - waitstart)::text FROM pg_locks
                   WHERE NOT granted AND mode = 'ShareUpdateExclusiveLock' AND relation = 'parts'::regclass";
    let (done, ()) = tokio::join!(migrator.up(&migrating, None), async {
        let longer = async || texts(&db, waiting).await.iter().any(|waited| waited.parse().is_ok_and(|s: f64| s > 1.1));
        until("it waits for longer than a second", longer).await;
        let begun = Instant::now();
        execute(&db, "UPDATE parts SET code = code").await;
        assert!(begun.elapsed() < Duration::from_millis(500), "a writer waited {:?}", begun.elapsed());
        vacuum.commit().await.expect("committed");
    });
    done.expect("up");
}

/// It has touched none of the tables, but could read them as they were.
async fn an_old_transaction(db: &DatabaseConnection) -> DatabaseTransaction {
    let old = db.begin_with_config(Some(IsolationLevel::RepeatableRead), None).await.expect("a transaction");
    texts(&old, "SELECT relname::text FROM pg_class LIMIT 1").await;
    old
}

#[tokio::test]
async fn an_index_that_waits_for_an_old_transaction_says_so_and_gives_up_in_time() {
    let roles = "old_one";
    let (db, database) = workshop(roles).await;
    let migrating = connect_as("old_one_migrator", &database).await;
    first(roles).up(&migrating, None).await.expect("nothing to do");
    let old = an_old_transaction(&db).await;
    let pid = texts(&old, "SELECT pg_backend_pid()::text").await.remove(0);
    let heard = Arc::new(Heard::default());
    let migrator = second(roles).observer(heard.clone());
    let short = second(roles).observer(heard.clone()).patience(SHORT.total(Duration::from_millis(2500)));
    let failure = soon("it gives up", short.up(&migrating, None)).await.expect_err("it can't end").to_string();
    for part in [&*format!("process {pid}"), "index", "half-built", "run the same command"] {
        assert!(failure.contains(part), "`{part}` is not in: {failure}");
    }
    assert!(heard.says("Working") && heard.says("waiting for"), "{heard:?}");
    old.rollback().await.expect("rolled back");
    migrator.up(&migrating, None).await.expect("a second run");
    assert_eq!(texts(&db, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid").await, [""; 0]);
    assert_eq!(migrator.plan(&migrating).await.expect("a plan").to_string(), "");
}

#[tokio::test]
async fn two_deploys_at_once_take_turns_and_build_indexes_meanwhile() {
    let roles = "turns";
    let (db, database) = workshop(roles).await;
    let heard = Arc::new(Heard::default());
    let migrators = [second(roles).observer(heard.clone()), second(roles).observer(heard.clone())];
    let (one, other) = (connect_as("turns_migrator", &database).await, connect_as("turns_migrator", &database).await);
    let both = async { tokio::join!(migrators[0].up(&one, None), migrators[1].up(&other, None)) };
    let (first, second) = soon("both end", both).await;
    first.and(second).expect("up");
    assert!(heard.says("Waiting") && heard.says("of role turns_migrator"), "{heard:?}");
    assert_eq!(texts(&db, "SELECT count(*)::text FROM tenancy.runs").await, ["2"], "one did it all");
}

#[tokio::test]
async fn what_a_role_may_not_do_names_the_object_and_the_way_out() {
    let roles = "no_right";
    let (db, database) = workshop(roles).await;
    let failure = async |setting: &str| {
        let url = database.url("no_right_migrator");
        let separator = if url.contains('?') { '&' } else { '?' };
        let db = sea_orm::Database::connect(format!("{url}{separator}options={setting}")).await.expect("connected");
        second(roles).up(&db, None).await.expect_err(setting).to_string()
    };
    let explains = |said: &str, parts: &[&str]| {
        for part in parts {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
    };
    explains(&failure("-cdefault_transaction_read_only%3Don").await, &["only reads", "primary"]);
    execute(&db, "ALTER TABLE parts OWNER TO postgres").await;
    explains(&failure("-cwork_mem%3D8MB").await, &["table public.parts", "parts", "owner"]);
    first(roles).up(&db, None).await.expect("a superuser gives it back");
    execute(&db, "REVOKE CREATE ON SCHEMA public FROM no_right_owner").await;
    explains(&failure("-cwork_mem%3D8MB").await, &["no CREATE on schema public", "superuser"]);
    execute(&db, "GRANT CREATE ON SCHEMA public TO no_right_owner").await;
}

/// What a role or database has set for its sessions would end a long change half-way, or change what the catalog prints.
#[tokio::test]
async fn settings_for_other_sessions_do_not_count() {
    let roles = "own_settings";
    let (db, database) = workshop(roles).await;
    let settings = "ALTER ROLE own_settings_migrator SET statement_timeout = '300ms';
        ALTER ROLE own_settings_migrator SET idle_in_transaction_session_timeout = '300ms';
        ALTER ROLE own_settings_migrator SET quote_all_identifiers = on;
        ALTER ROLE own_settings_migrator SET standard_conforming_strings = off";
    let migrating = connect_as("own_settings_migrator", &database).await;
    second(roles).pending(&migrating).await.expect("connected before the settings");
    execute(&db, settings).await;
    second(roles).up(&migrating, None).await.expect("up");
    assert_eq!(second(roles).plan(&migrating).await.expect("a plan").to_string(), "");
}

/// Parallel workers would take the cores that others need; whoever has more says so for the migrator's role.
#[tokio::test]
async fn an_index_is_built_by_one_process_unless_the_migrator_is_given_more() {
    let roles = "one_builder";
    let (db, database) = workshop(roles).await;
    let spy = "CREATE SCHEMA spy; CREATE TABLE spy.builders (workers text);
        CREATE FUNCTION spy.look() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS
          $$BEGIN INSERT INTO spy.builders SELECT current_setting('max_parallel_maintenance_workers'); END$$;
        CREATE EVENT TRIGGER spy ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION spy.look()";
    execute(&db, spy).await;
    let workers = async || {
        let migrating = connect_as("one_builder_migrator", &database).await;
        second(roles).up(&migrating, None).await.expect("up");
        let workers = texts(&db, "SELECT DISTINCT workers FROM spy.builders").await;
        second(roles).down(&migrating, Some(1)).await.expect("down");
        execute(&db, "TRUNCATE spy.builders").await;
        workers
    };
    assert_eq!(workers().await, ["0"]);
    execute(&db, "ALTER ROLE one_builder_migrator SET max_parallel_maintenance_workers = 3").await;
    assert_eq!(workers().await, ["3"]);
}
