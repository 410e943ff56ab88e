//! An adoption that is killed anywhere is gone on with by the next, to the same end.

use std::time::Duration;

use tenant_migration::{Adoption, Patience};
use tenant_testkit::cancellation::{Cut, CutPoint};

use crate::adoption::{OldProgram, OldShop};
use crate::support::{execute, texts};

/// Ends the sessions of a killed adoption, which may be busy with what it asked for last.
const KILL: &str = "SELECT pg_terminate_backend(pid, 5000)::text FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'adopting'";

/// Runs it again and again, each time killed a little later, until it ends; how often it was killed.
async fn killed_until_it_ends(shop: &OldShop, adoption: &Adoption) -> u32 {
    let (mut killed, mut polls) = (0, 8);
    loop {
        let db = shop.connect_to_adopt().await;
        let migrator = shop.migrator();
        match CutPoint::after(polls).cut(migrator.adopt(&db, adoption)).await {
            Cut::Finished(done) => {
                done.unwrap_or_else(|error| panic!("after {killed} kills, of {polls} polls: {error}"));
                return killed;
            }
            Cut::Dropped => drop(texts(&shop.db, KILL).await),
        }
        killed += 1;
        polls += 13;
    }
}

#[tokio::test]
async fn killed_at_any_point_it_is_gone_on_with() {
    let shop = OldShop::open("killed").await;
    let program = OldProgram::start(&shop).await;
    let to_observing = killed_until_it_ends(&shop, &OldShop::adoption()).await;
    let (rounds, failed) = program.stop().await;
    assert!(failed.is_empty(), "{rounds} rounds, {}: {:#?}", failed.len(), failed.first());
    let to_the_end = killed_until_it_ends(&shop, &OldShop::adoption().enforce()).await;
    println!("killed {to_observing} and {to_the_end} times");
    assert!(to_observing > 10 && to_the_end > 10);
    shop.is_adopted().await;
}

#[tokio::test]
async fn several_at_once_take_turns() {
    let shop = OldShop::open("turns").await;
    let program = OldProgram::start(&shop).await;
    let adopt = async |enforce: bool| {
        let adoption = if enforce { OldShop::adoption().enforce() } else { OldShop::adoption() };
        shop.migrator().adopt(&shop.connect_to_adopt().await, &adoption).await
    };
    let (one, other) = futures_util::join!(adopt(false), adopt(false));
    one.and(other).expect("both get there");
    let (rounds, failed) = program.stop().await;
    assert!(failed.is_empty(), "{rounds} rounds, {}: {:#?}", failed.len(), failed.first());
    let (one, other) = futures_util::join!(adopt(true), adopt(true));
    one.and(other).expect("both get there");
    shop.is_adopted().await;
}

#[tokio::test]
async fn rows_that_an_earlier_run_gave_to_other_tenants_are_named_and_can_be_mended() {
    let shop = OldShop::open("otherwise").await;
    let db = shop.connect_to_adopt().await;
    let wrong = "CAST('00000000-0000-0000-0000-000000000009' AS uuid)";
    let adoption = Adoption::new().assign("customers", wrong).batch(50).pause(Duration::from_secs(60));
    let migrator = shop.migrator();
    let first_batch = async {
        let filled =
            "SELECT CAST(count(*) AS text) FROM customers WHERE to_jsonb(customers) ->> 'organization_id' IS NOT NULL";
        while texts(&shop.db, filled).await != ["50"] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        adopted = migrator.adopt(&db, &adoption) => panic!("not ended yet: {adopted:?}"),
        () = first_batch => {}
    }
    drop(texts(&shop.db, KILL).await);

    let adoption = OldShop::adoption();
    let said = migrator.adopt(&shop.db, &adoption).await.expect_err("it was said otherwise").to_string();
    let mended = "UPDATE public.customers SET organization_id = company_id";
    assert!(
        said.contains("50 rows of table public.customers have another tenant in `organization_id` than company_id"),
        "{said}"
    );
    assert!(said.contains(mended), "{said}");
    execute(
        &shop.db,
        &format!(
            "ALTER TABLE customers DISABLE TRIGGER unchanged; {mended}; ALTER TABLE customers ENABLE TRIGGER unchanged"
        ),
    )
    .await;
    migrator.adopt(&shop.db, &adoption.enforce()).await.expect("to the end");
    shop.is_adopted().await;
}

#[tokio::test]
async fn a_trigger_that_undoes_the_filling_is_told_from_programs_that_are_in_the_way() {
    let shop = OldShop::open("undone").await;
    let trigger = "DROP TRIGGER unchanged ON customers;
        CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER leaving BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION leave();
        ALTER TABLE customers ENABLE ALWAYS TRIGGER leaving";
    execute(&shop.db, trigger).await;
    let migrator = shop.migrator().patience(Patience::DEFAULT.total(Duration::from_secs(1)));
    let said = migrator.adopt(&shop.db, &OldShop::adoption()).await.expect_err("nothing is filled").to_string();
    assert!(said.contains("300 rows of table public.customers stay without a tenant"), "{said}");
    execute(&shop.db, "DROP TRIGGER leaving ON customers").await;
    migrator.adopt(&shop.db, &OldShop::adoption().enforce()).await.expect("to the end");
    shop.is_adopted().await;
}
