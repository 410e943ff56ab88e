//! An adoption that is killed anywhere is gone on with by the next, to the same end.

use tenant_migration::Adoption;
use tenant_testkit::cancellation::{Cut, CutPoint};

use crate::adoption::{OldProgram, OldShop};
use crate::support::texts;

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
