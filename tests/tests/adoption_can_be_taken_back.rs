//! As many steps back as an adoption tells take it back, from wherever it got to, and it can be gone on with or begun anew.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::ConnectionTrait;
use tenant_migration::{Event, Observer, TenantMigrator};

use crate::adoption::{OldProgram, OldShop};
use crate::support::{connect_as, execute, texts};

/// What the old program's tables are, but for whose they are.
const TABLES: &str = "
    SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, atthasdef)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', polrelid::regclass, polname) FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', relname, relrowsecurity, relforcerowsecurity) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    ORDER BY 1";

const READ: &str = "SELECT count(*)::text FROM orders";

/// What an adoption said of its way back.
#[derive(Debug, Default)]
struct Told(Mutex<Option<u32>>);

impl Observer for Told {
    fn notice(&self, event: &Event<'_>) {
        if let Event::Note { text, .. } = event
            && let Some(steps) = text.strip_prefix("`migrate down -n ")
        {
            let steps = steps.strip_suffix("` takes the adoption back").expect("how many");
            *self.0.lock().unwrap() = Some(steps.parse().expect("a number"));
        }
    }
}

/// Goes to observing or to the end; how many steps the way back is said to have.
async fn adopt(shop: &OldShop, enforce: bool) -> u32 {
    let told = Arc::new(Told::default());
    let migrator: TenantMigrator = shop.migrator().observer(Arc::clone(&told) as _);
    let adoption = if enforce { OldShop::adoption().enforce() } else { OldShop::adoption() };
    migrator.adopt(&shop.db, &adoption).await.expect("it gets there");
    told.0.lock().unwrap().expect("the way back is told")
}

async fn down(shop: &OldShop, steps: Option<u32>) {
    shop.migrator().down(&shop.db, steps).await.expect("down");
}

/// What the old program can't do, but for what everybody could do in the database, which stays closed once it is.
async fn failures(shop: &OldShop) -> Vec<String> {
    execute(&shop.db, "DELETE FROM orders WHERE number LIKE 'new %'").await;
    let program = OldProgram::start(shop).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (rounds, mut failed) = program.stop().await;
    assert!(rounds > 0);
    failed.retain(|said| {
        !["create temporary tables", "function pg_advisory_lock", "function currval"].iter().any(|closed| {
            said.contains(&format!("permission denied for {closed}")) || said.contains("to create temporary tables")
        })
    });
    failed
}

#[tokio::test]
async fn the_steps_that_are_told_take_back_an_adoption_of_several_commands() {
    let shop = OldShop::open("steps").await;
    let before = texts(&shop.db, TABLES).await;
    for commands in [&[false][..], &[false, true], &[true], &[false, false, true]] {
        let mut told = 0;
        for enforce in commands {
            told = adopt(&shop, *enforce).await;
        }
        down(&shop, Some(told)).await;
        assert_eq!(texts(&shop.db, TABLES).await, before, "{commands:?}: {told} steps");
        assert_eq!(failures(&shop).await, [""; 0], "{commands:?}: the old program works");
        let runs = "SELECT run::text FROM tenancy.steps";
        assert_eq!(texts(&shop.db, runs).await, [""; 0], "no step is left: {commands:?}");
    }
    let owners = "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(texts(&shop.db, owners).await, ["adopt_steps_owner"], "as is documented");
}

#[tokio::test]
async fn one_step_back_from_enforcement_old_programs_work_and_are_observed() {
    let shop = OldShop::open("onestep").await;
    adopt(&shop, false).await;
    assert_eq!(adopt(&shop, true).await, 2);
    down(&shop, Some(1)).await;
    let old = connect_as(&shop.old_role, &shop.database).await;
    assert_eq!(texts(&old, READ).await, ["2000"]);
    assert_eq!(failures(&shop).await, [""; 0], "the old program works");
    assert_eq!(adopt(&shop, true).await, 2);
    shop.is_adopted().await;
    assert!(old.execute_unprepared(READ).await.is_err(), "the right is taken back again");
}

#[tokio::test]
async fn what_was_lent_is_taken_back_by_the_adoption_after_one_that_was_taken_back_with_all() {
    for (case, enforced) in [("again", true), ("observed", false)] {
        let shop = OldShop::open(case).await;
        adopt(&shop, enforced).await;
        down(&shop, None).await;
        assert_eq!(failures(&shop).await, [""; 0], "the old program works");
        adopt(&shop, true).await;
        shop.is_adopted().await;
        let old = connect_as(&shop.old_role, &shop.database).await;
        for (closed, denied) in [
            (READ, "for table orders"),
            ("TRUNCATE order_lines", "for table order_lines"),
            ("SELECT nextval('orders_id_seq')", "for sequence orders_id_seq"),
            ("SELECT pg_advisory_lock(1)", "for function pg_advisory_lock"),
            ("CREATE TEMPORARY TABLE aside (id int)", "to create temporary tables"),
        ] {
            let said = old.execute_unprepared(closed).await.expect_err(closed).to_string();
            assert!(said.contains(&format!("permission denied {denied}")), "{case}: {said}");
        }
    }
}

#[tokio::test]
async fn a_fresh_database_lends_nothing() {
    let shop = OldShop::open("fresh").await;
    adopt(&shop, false).await;
    let rights = format!(
        "SELECT 'database' WHERE has_database_privilege('{role}', current_database(), 'TEMPORARY')
         UNION ALL SELECT 'function' WHERE has_function_privilege('{role}', 'pg_advisory_lock(bigint)', 'EXECUTE')",
        role = shop.old_role
    );
    assert_eq!(texts(&shop.db, &rights).await, ["database", "function"]);
    let migrating = connect_as("adopt_fresh_migrator", &shop.database).await;
    let said = shop.migrator().fresh(&migrating).await.expect_err("it can't take them back").to_string();
    for part in ["adopt_fresh_migrator can't take back", "as a superuser", "REVOKE TEMPORARY ON DATABASE"] {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
    assert_eq!(texts(&shop.db, &rights).await, ["database", "function"]);
    assert_ne!(texts(&shop.db, READ).await, ["0"], "nothing was dropped");
    shop.migrator().fresh(&shop.db).await.expect("fresh");
    assert_eq!(texts(&shop.db, &rights).await, [""; 0]);
}

#[tokio::test]
async fn old_foreign_keys_look_at_all_rows_when_they_come_back() {
    let shop = OldShop::open("lost").await;
    let told = adopt(&shop, true).await;
    let lost = "BEGIN; SET LOCAL session_replication_role = replica;
        INSERT INTO order_lines (id, organization_id, order_id, text)
            VALUES (gen_random_uuid(), '00000000-0000-0000-0000-000000000001', -1, 'lost'); COMMIT";
    execute(&shop.db, lost).await;
    let said = shop.migrator().down(&shop.db, Some(told)).await.expect_err("it refers to nothing").to_string();
    assert!(said.contains("order_lines_order_id_fkey") && said.contains("violates foreign key"), "{said}");
    execute(&shop.db, "DELETE FROM order_lines WHERE text = 'lost'").await;
    down(&shop, Some(told)).await;
    assert_eq!(failures(&shop).await, [""; 0], "the old program works");
}
