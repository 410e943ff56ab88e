//! A live database without tenants is adopted while the program that knows none works on it, until it is enforced.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, PaginatorTrait, Set};
use tenant_core::{TenantContext, TenantDatabase, TenantId};
use tenant_migration::{Event, Observer};
use uuid::Uuid;

use crate::adoption::{OldProgram, OldShop, customer, order};
use crate::support::{connect_as, execute, own_server, texts};

/// Every object, column, constraint, policy and grant outside the system's schemas, one a line.
const CATALOG: &str = include_str!("catalog.sql");

#[tokio::test]
async fn an_old_program_works_until_enforcement_and_sees_nothing_after_it() {
    let shop = OldShop::open("live").await;
    let migrator = shop.migrator();
    let before = texts(&shop.db, CATALOG).await;
    let plan = migrator.plan_adoption(&shop.db, &OldShop::adoption().enforce()).await.expect("a plan");
    println!("{plan}");
    assert!(!plan.is_empty());
    assert_eq!(texts(&shop.db, CATALOG).await, before, "a plan changes nothing");
    let roles = "SELECT rolname::text FROM pg_roles WHERE rolname = 'adopt_live_app'";
    assert_eq!(texts(&shop.db, roles).await, [""; 0], "nor does it make a role");

    let program = OldProgram::start(&shop).await;
    migrator.adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (rounds, failed) = program.stop().await;
    assert!(rounds > 3 && failed.is_empty(), "{rounds} rounds, {}: {:#?}", failed.len(), failed.first());
    let walls = "SELECT relname || ' ' || relrowsecurity FROM pg_class WHERE oid = 'orders'::regclass";
    assert_eq!(texts(&shop.db, walls).await, ["orders true"], "observing is behind row-level security");

    let company = TenantId::new(Uuid::from_u128(2));
    let connect = async || {
        let database = TenantDatabase::builder(shop.database.url(shop.app_role())).registry(OldShop::registry());
        database.build().await.expect("a sound database")
    };
    let new_program = connect().await.connect(TenantContext::new(company));
    let seen = customer::Entity::find().all(&new_program).await.expect("rows");
    assert!(
        seen.iter().all(|customer| customer.company_id == company.as_uuid()),
        "behind both walls while it is observed"
    );

    migrator.adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    shop.is_adopted().await;
    let again = migrator.plan_adoption(&shop.db, &OldShop::adoption().enforce()).await.expect("a plan");
    assert!(again.is_empty(), "{again}");

    let old = connect_as(&shop.old_role, &shop.database).await;
    let refused = old.execute_unprepared("SELECT 1 / (SELECT count(*) FROM orders)").await;
    assert!(refused.is_err(), "the old role has no rows");

    let database = connect().await;
    let db = database.connect(TenantContext::new(company));
    let seen = customer::Entity::find().all(&db).await.expect("rows");
    assert!(!seen.is_empty() && seen.iter().all(|customer| customer.company_id == company.as_uuid()), "its own alone");
    let all = "SELECT count(*)::text FROM customers WHERE company_id = '00000000-0000-0000-0000-000000000002'";
    assert_eq!(texts(&shop.db, all).await, [seen.len().to_string()], "and all of them");
    // A number that another company has: unique within a tenant.
    let number =
        order::ActiveModel { customer_id: Set(seen[0].id), number: Set("shared".to_owned()), ..Default::default() };
    number.insert(&db).await.expect("the sequence counts for the application");
    assert_eq!(
        order::Entity::find()
            .count(&database.connect(TenantContext::new(TenantId::new(Uuid::from_u128(9)))))
            .await
            .expect("a count"),
        0
    );
}

#[tokio::test]
async fn a_statement_without_a_tenant_is_reported_while_it_is_observed() {
    let shop = OldShop::open_on(own_server().await, "seen").await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    let old = connect_as(&shop.old_role, &shop.database).await;
    let server = own_server().await;
    let reports = || {
        let folder = server.folder().expect("a server of our own");
        let log = std::fs::read_to_string(folder.join("log")).expect("its log");
        log.matches("without a tenant: role adopt_seen_old on table public.orders").count()
    };
    let before = reports();
    assert_eq!(
        texts(&old, "SELECT count(*)::text FROM orders JOIN order_lines l ON l.order_id = orders.id").await,
        ["6000"]
    );
    assert_eq!(reports(), before + 1, "once for the statement and the table");
    execute(&old, "BEGIN; SET LOCAL tenancy.tenant_id = '00000000-0000-0000-0000-000000000001'; TABLE orders; COMMIT")
        .await;
    assert_eq!(reports(), before + 1, "not where a tenant is bound");
    let policy = "SELECT qual FROM pg_policies WHERE policyname = 'tenancy_observation' AND tablename = 'orders'";
    let policies = texts(&shop.db, policy).await;
    assert!(policies[0].contains("tenancy.observe('public.orders'"), "{policies:?}");
    let refused =
        connect_as(shop.app_role(), &shop.database).await.execute_unprepared("SELECT count(*) FROM orders").await;
    let said = refused.expect_err("the new program's role is bound, or sees nothing").to_string();
    assert!(said.contains("no tenant is bound"), "{said}");
}

#[tokio::test]
async fn what_was_adopted_can_be_taken_back() {
    let shop = OldShop::open("back").await;
    let rows = "SELECT id || text FROM order_lines ORDER BY 1";
    let before = texts(&shop.db, rows).await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    shop.migrator().down(&shop.db, Some(1)).await.expect("down");
    let left =
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND (relrowsecurity OR EXISTS (
                  SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'organization_id' AND NOT attisdropped))";
    assert_eq!(texts(&shop.db, left).await, [""; 0], "no trace of tenants");
    assert_eq!(texts(&shop.db, rows).await, before);
    let program = OldProgram::start(&shop).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (_, failed) = program.stop().await;
    // What everybody could do in the database stays closed, as after `reset`; the rows don't.
    let closed = |said: &String| said.contains("permission denied") && !said.contains("for table");
    let failed: Vec<_> = failed.into_iter().filter(|said| !closed(said)).collect();
    assert!(failed.is_empty(), "the old program works: {:#?}", failed.first());
}

#[tokio::test]
async fn a_role_that_was_granted_rights_keeps_them_and_has_no_rows_after_enforcement() {
    let shop = OldShop::open("granted").await;
    let old = &shop.old_role;
    for table in ["companies", "customers", "orders", "order_lines"] {
        execute(&shop.db, &format!("ALTER TABLE {table} OWNER TO CURRENT_USER")).await;
        execute(&shop.db, &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {old}")).await;
    }
    execute(&shop.db, &format!("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {old}")).await;
    let role = "DO $$ BEGIN CREATE ROLE adopt_granted_writer LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                GRANT INSERT ON order_lines TO adopt_granted_writer";
    execute(&shop.db, role).await;
    let program = OldProgram::start(&shop).await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    let (rounds, failed) = program.stop().await;
    assert!(rounds > 3 && failed.is_empty(), "{rounds} rounds, {}: {:#?}", failed.len(), failed.first());

    // With the owner's rights the trigger reads what this role may not.
    let writer = connect_as("adopt_granted_writer", &shop.database).await;
    let order = &texts(&shop.db, "SELECT min(id)::text FROM orders").await[0];
    execute(&writer, &format!("INSERT INTO order_lines (order_id, text) VALUES ({order}, 'written')")).await;
    let said = shop.migrator().up(&shop.db, None).await.expect_err("it is on its way").to_string();
    assert!(said.contains("table public.companies is being adopted"), "`up` doesn't enforce it: {said}");

    shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    shop.is_adopted().await;
    let old = connect_as(&shop.old_role, &shop.database).await;
    assert_eq!(texts(&old, "SELECT count(*)::text FROM orders").await, ["0"]);
    let refused = old.execute_unprepared("INSERT INTO companies VALUES (gen_random_uuid(), 'new')").await;
    assert!(refused.expect_err("no policy lets it").to_string().contains("row-level security"));
}

#[tokio::test]
async fn a_role_that_reads_all_tables_goes_on_reading_and_is_reported() {
    let shop = OldShop::open("reading").await;
    let role = "DO $$ BEGIN CREATE ROLE adopt_reading_report LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                GRANT pg_read_all_data TO adopt_reading_report";
    execute(&shop.db, role).await;
    let migrator = shop.migrator();
    migrator.adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    let report = connect_as("adopt_reading_report", &shop.database).await;
    assert_eq!(texts(&report, "SELECT count(*)::text FROM orders").await, ["2000"]);
    migrator.adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    shop.is_adopted().await;
    assert_eq!(texts(&report, "SELECT count(*)::text FROM orders").await, ["0"]);
}

#[tokio::test]
async fn a_program_that_locks_a_table_for_longer_than_one_look_is_waited_for() {
    let shop = OldShop::open("waits").await;
    let locking = async {
        let held = "BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(2); COMMIT";
        execute(&connect_as(&shop.old_role, &shop.database).await, held).await;
    };
    let adopting = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        shop.migrator().adopt(&shop.db, &OldShop::adoption()).await
    };
    let ((), adopted) = futures_util::join!(locking, adopting);
    adopted.expect("to observing");
}

#[tokio::test]
async fn filling_rows_ends_no_transaction_of_an_old_program_for_a_deadlock() {
    let shop = OldShop::open("locks").await;
    let (migrator, adoption) = (shop.migrator(), OldShop::adoption().batch(10).pause(Duration::from_millis(50)));
    let program = async {
        let filled = "SELECT count(*)::text FROM customers WHERE to_jsonb(customers) ->> 'organization_id' IS NULL";
        let triggers = "SELECT count(*)::text FROM pg_trigger WHERE tgname = 'zz_tenancy_fill'";
        while texts(&shop.db, triggers).await != ["3"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let old = connect_as(&shop.old_role, &shop.database).await;
        let mut session = old.get_postgres_connection_pool().acquire().await.expect("a connection");
        // A later row of a page first, then an earlier one, while the page is filled.
        sqlx::raw_sql("BEGIN; UPDATE orders SET number = number || '.' WHERE id = 40")
            .execute(&mut *session)
            .await
            .expect("free");
        while texts(&shop.db, filled).await != ["0"] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let second = "UPDATE orders SET number = number || '.' WHERE id = 5; COMMIT";
        sqlx::raw_sql(second).execute(&mut *session).await.expect("no deadlock");
    };
    let (adopted, ()) = futures_util::join!(migrator.adopt(&shop.db, &adoption), program);
    adopted.expect("to observing");
}

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn notice(&self, event: &Event<'_>) {
        if let Event::Working { phase: Some(phase), share: Some(share), .. } = event {
            assert!((0.0..=1.0).contains(share), "{share}");
            self.0.lock().unwrap().push((*phase).to_owned());
        }
    }
}

#[tokio::test]
async fn rows_are_filled_in_batches_and_told() {
    let shop = OldShop::open("batch").await;
    let heard = Arc::new(Heard::default());
    let adoption = OldShop::adoption().batch(100).pause(Duration::from_millis(30));
    shop.migrator().observer(Arc::clone(&heard) as _).adopt(&shop.db, &adoption).await.expect("to observing");
    for (table, rows) in [("customers", 300), ("orders", 2000), ("order_lines", 6000)] {
        let of_each = format!(
            "SELECT concat_ws(' ', max(rows), sum(rows)) FROM (SELECT count(*) AS rows FROM {table} GROUP BY xmin) AS written"
        );
        assert_eq!(texts(&shop.db, &of_each).await, [format!("100 {rows}")], "{table}: rows of each transaction");
    }
    let heard = heard.0.lock().unwrap();
    assert!(
        heard.iter().any(|phase| phase.starts_with("order_lines: ") && phase.ends_with(" rows filled")),
        "{heard:?}"
    );
}

#[tokio::test]
async fn who_owned_a_table_is_bound_by_its_row_level_security_no_more_than_before() {
    let shop = OldShop::open("exempt").await;
    let own = "ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON orders USING (number = current_user)";
    execute(&shop.db, own).await;
    let old = connect_as(&shop.old_role, &shop.database).await;
    let orders = "SELECT count(*)::text FROM orders";
    let policies = "SELECT polname || ' ' || pg_get_expr(polqual, polrelid) FROM pg_policy
                    WHERE polrelid = 'orders'::regclass AND polname LIKE 'tenancy_observation_owner'";
    let reported = "tenancy_observation_owner ( SELECT tenancy.observe('public.orders'::text) AS observe)";
    let migrator = shop.migrator();
    for again in [false, true] {
        migrator.adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
        assert_eq!(texts(&old, orders).await, ["2000"]);
        assert_eq!(texts(&shop.db, policies).await, [reported]);
        migrator.adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
        assert_eq!(texts(&shop.db, policies).await, [""; 0]);
        assert!(
            old.execute_unprepared("SELECT 1 / (SELECT count(*) FROM orders)").await.is_err(),
            "the old role has no rows"
        );
        if !again {
            migrator.down(&shop.db, Some(2)).await.expect("down");
            assert_eq!(texts(&old, orders).await, ["2000"], "as before");
        }
    }
}

#[tokio::test]
async fn a_role_that_is_granted_rights_while_it_is_observed_is_let_through_by_the_next_run() {
    let shop = OldShop::open("widened").await;
    let (migrator, adoption) = (shop.migrator(), OldShop::adoption());
    migrator.adopt(&shop.db, &adoption).await.expect("to observing");
    let role = "DO $$ BEGIN CREATE ROLE adopt_widened_reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
                GRANT SELECT ON orders TO adopt_widened_reader";
    execute(&shop.db, role).await;
    migrator.adopt(&shop.db, &adoption).await.expect("to observing");
    let again = migrator.plan_adoption(&shop.db, &adoption).await.expect("a plan");
    assert!(again.is_empty(), "{again}");
    let reader = connect_as("adopt_widened_reader", &shop.database).await;
    assert_eq!(texts(&reader, "SELECT count(*)::text FROM orders").await, ["2000"]);
    migrator.adopt(&shop.db, &adoption.enforce()).await.expect("to the end");
    shop.is_adopted().await;
    assert_eq!(texts(&reader, "SELECT count(*)::text FROM orders").await, ["0"]);
}

#[tokio::test]
async fn new_programs_count_by_a_sequence_that_is_no_table_s_own() {
    let shop = OldShop::open("counted").await;
    let sequence = format!(
        "CREATE SEQUENCE numbers START 100000; GRANT USAGE ON SEQUENCE numbers TO {};
         ALTER TABLE orders ALTER COLUMN id SET DEFAULT nextval('numbers')",
        shop.old_role
    );
    execute(&shop.db, &sequence).await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption()).await.expect("to observing");
    let written = "BEGIN; SET LOCAL tenancy.tenant_id = '00000000-0000-0000-0000-000000000003';
        INSERT INTO orders (organization_id, customer_id, number)
            VALUES ('00000000-0000-0000-0000-000000000003', 5, 'counted'); COMMIT";
    execute(&connect_as(shop.app_role(), &shop.database).await, written).await;
    shop.migrator().adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    shop.is_adopted().await;
}
