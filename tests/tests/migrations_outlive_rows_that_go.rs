//! Rows may be deleted together with what they refer to while a foreign key looks at all rows: that breaks no key, and ends no
//! deploy. What does break it is said.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sea_orm::{DatabaseConnection, DatabaseTransaction, TransactionTrait};
use tenant_migration::{Event, Observer, Patience};

use crate::adoption::OldShop;
use crate::support::workshop::{first, workshop};
use crate::support::{connect_as, execute, texts, until};

/// Waits for rows as long as the test does, and for nothing else.
const PATIENT: Patience = Patience::DEFAULT.lock_timeout(Duration::from_secs(10)).total(Duration::from_secs(60));

/// The changes that are tried again.
#[derive(Debug, Default)]
struct Again(Mutex<Vec<String>>);

impl Observer for Again {
    fn notice(&self, event: &Event<'_>) {
        if let Event::Busy { change, .. } = event {
            self.0.lock().unwrap().push((*change).to_owned());
        }
    }
}

impl Again {
    fn times(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A key of the framework's own that has not looked at the rows that are there, as a killed run leaves it.
const UNVALIDATED: &str = "ALTER TABLE orders DROP CONSTRAINT orders_part_id_fkey;
    ALTER TABLE orders ADD CONSTRAINT orders_part_id_fkey FOREIGN KEY (organization_id, part_id)
        REFERENCES parts (organization_id, id) NOT VALID;
    COMMENT ON CONSTRAINT orders_part_id_fkey ON orders IS 'made by tenant-migration'";

const VALIDATED: &str = "SELECT convalidated::text FROM pg_constraint WHERE conname = 'orders_part_id_fkey'";

/// Whether a session that looks at the rows of a key waits for another one's `locktype`.
async fn waits(db: &DatabaseConnection, locktype: &str) -> bool {
    let query = format!(
        "SELECT pid::text FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE NOT granted AND locktype = '{locktype}' AND query LIKE '%VALIDATE CONSTRAINT%' AND datname = current_database()"
    );
    !texts(db, &query).await.is_empty()
}

#[tokio::test]
async fn a_row_that_goes_with_what_it_refers_to_breaks_no_foreign_key() {
    let (db, database) = workshop("gone_rows").await;
    execute(&db, UNVALIDATED).await;
    let migrating = connect_as("gone_rows_migrator", &database).await;
    let deleting = db.begin().await.expect("a transaction");
    let last = "(SELECT part_id FROM orders ORDER BY part_id DESC LIMIT 1)";
    let delete = format!(
        "CREATE TEMPORARY TABLE gone ON COMMIT DROP AS SELECT organization_id, part_id FROM orders WHERE part_id = {last};
         DELETE FROM orders USING gone WHERE orders.part_id = gone.part_id;
         DELETE FROM parts USING gone WHERE parts.id = gone.part_id"
    );
    execute(&deleting, &delete).await;
    let again = Arc::new(Again::default());
    let migrator = first("gone_rows").observer(again.clone());
    let (done, ()) = tokio::join!(migrator.up(&migrating, None), async {
        until("the row is waited for", async || waits(&db, "transactionid").await).await;
        deleting.commit().await.expect("committed");
    });
    done.expect("no row refers to nothing");
    assert_eq!(texts(&db, VALIDATED).await, ["true"]);
    assert_eq!(again.times(), 1);
    assert_eq!(migrator.plan(&migrating).await.expect("a plan").to_string(), "", "the owner has its rights");
}

#[tokio::test]
async fn a_row_that_refers_to_nothing_is_said_after_a_few_attempts() {
    let (db, database) = workshop("orphans").await;
    let orphan = "BEGIN; SET LOCAL session_replication_role = replica;
        DELETE FROM parts WHERE id = (SELECT part_id FROM orders LIMIT 1); COMMIT";
    execute(&db, UNVALIDATED).await;
    execute(&db, orphan).await;
    let migrating = connect_as("orphans_migrator", &database).await;
    let again = Arc::new(Again::default());
    let migrator = first("orphans").patience(PATIENT.lock_timeout(Duration::from_millis(20))).observer(again.clone());
    let said = migrator.up(&migrating, None).await.expect_err("it refers to nothing").to_string();
    for part in ["foreign key orders_part_id_fkey in all rows", "violates foreign key", "23503"] {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
    assert_eq!(again.times(), 3);
    assert_eq!(texts(&db, VALIDATED).await, ["false"]);
    let rights = "SELECT has_table_privilege('orphans_owner', 'orders', 'SELECT')::text";
    assert_eq!(texts(&db, rights).await, ["true"], "nothing is half-done");
}

/// A shop in which an adoption is held up as it is about to look at the rows of a foreign key, until the transaction ends.
async fn gated(case: &str) -> (OldShop, DatabaseTransaction) {
    let shop = OldShop::open(case).await;
    let gate = "CREATE SCHEMA gate;
        CREATE FUNCTION gate.wait() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $$BEGIN
          IF current_query() ~ 'VALIDATE CONSTRAINT \"?order_lines_order_id_fkey_next' THEN
            PERFORM pg_advisory_xact_lock_shared(7001);
          END IF; END$$;
        CREATE EVENT TRIGGER gate ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION gate.wait()";
    execute(&shop.db, gate).await;
    let closed = shop.db.begin().await.expect("a transaction");
    execute(&closed, "SELECT pg_advisory_xact_lock(7001)").await;
    (shop, closed)
}

/// Before row-level security holds the owner one query asks for all rows at one moment, and nobody waits for anybody.
#[tokio::test]
async fn an_adoption_neither_waits_for_old_programs_that_delete_nor_fails_by_them() {
    let (shop, closed) = gated("deleting").await;
    let again = Arc::new(Again::default());
    let migrator = shop.migrator().patience(PATIENT).observer(again.clone());
    let old = connect_as(&shop.old_role, &shop.database).await;
    let (adoption, adopting) = (OldShop::adoption(), shop.connect_to_adopt().await);
    let (done, waited) = tokio::join!(migrator.adopt(&adopting, &adoption), async {
        until("it is about to look at the rows", async || waits(&shop.db, "advisory").await).await;
        let deleting = old.begin().await.expect("a transaction");
        execute(&deleting, "DELETE FROM orders WHERE id = 1000").await;
        closed.rollback().await.expect("open");
        let valid = "SELECT convalidated::text FROM pg_constraint WHERE conname = 'order_lines_order_id_fkey_next'";
        let past = async || waits(&shop.db, "transactionid").await || texts(&shop.db, valid).await == ["true"];
        until("it looks at them", past).await;
        let waited = waits(&shop.db, "transactionid").await;
        deleting.commit().await.expect("committed");
        waited
    });
    done.expect("adopted");
    assert!(!waited, "it waits for the old program");
    assert_eq!(again.times(), 0);
    execute(&shop.db, "DROP EVENT TRIGGER gate; DROP SCHEMA gate CASCADE").await;
    migrator.adopt(&adopting, &adoption.enforce()).await.expect("enforced");
    shop.is_adopted().await;
}

#[tokio::test]
async fn what_the_one_query_finds_is_said_at_once_with_its_values() {
    let (shop, closed) = gated("at_once").await;
    let again = Arc::new(Again::default());
    let migrator = shop.migrator().patience(PATIENT).observer(again.clone());
    let (adoption, adopting) = (OldShop::adoption(), shop.connect_to_adopt().await);
    let (done, ()) = tokio::join!(migrator.adopt(&adopting, &adoption), async {
        until("it is about to look at the rows", async || waits(&shop.db, "advisory").await).await;
        let orphan = "BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM orders WHERE id = 1000; COMMIT";
        execute(&shop.db, orphan).await;
        closed.rollback().await.expect("open");
    });
    let said = done.expect_err("a row refers to nothing").to_string();
    assert!(said.contains("order_lines_order_id_fkey_next") && said.contains(", 1000) is not present"), "{said}");
    assert_eq!(again.times(), 0);
}
