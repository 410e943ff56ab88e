//! Whatever the entities are, and whatever becomes of them: the database follows, a second look finds nothing left to do,
//! and what was done is taken back to the letter.

use std::time::Instant;

use proptest::test_runner::{Config, TestRunner};
use sea_orm::DatabaseConnection;
use tenant_core::Registry;
use tenant_migration::{RoleNames, TenantMigrator};

use self::gene::{Change, change};
use self::rows::fill;
use crate::support::described::{Described, left_to_do};
use crate::support::{connect_as, empty_database, texts};

mod gene;
mod rows;

const ROLES: &str = "any_registry";
const CATALOG: &str = include_str!("catalog.sql");
/// How the message begins that says what stands in the way.
const CONFLICT: &str = "Migration Error: the database can't be brought to what the entities say; nothing was changed:";

/// Nothing, where the tables make no consistent registry or no plan: what is refused then is tested elsewhere.
fn migrator(tables: &[Described]) -> Option<TenantMigrator> {
    let registry = tables.iter().fold(Registry::builder(), |registry, table| registry.table(table.table()));
    let roles = RoleNames::with_prefix(ROLES).expect("valid names");
    TenantMigrator::builder(&registry.build().ok()?).roles(roles).build().ok()
}

/// Equal, or the lines of one side alone.
fn assert_same(have: &[String], want: &[String], when: &str) {
    let alone = |one: &[String], other: &[String]| -> String {
        one.iter().filter(|line| !other.contains(line)).map(|line| format!("\n  {line}")).collect()
    };
    assert!(have == want, "{when}: too much:{}\nmissing:{}", alone(have, want), alone(want, have));
}

/// The server prints a condition in other words once it has read its own. Those of [`gene`] are these alone.
const WORDS: [&str; 2] = [
    "ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])",
    "ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])",
];

async fn catalog(db: &DatabaseConnection) -> Vec<String> {
    let lines = texts(db, CATALOG).await.into_iter();
    lines.map(|line| line.replace(WORDS[0], WORDS[1])).collect()
}

/// What a run changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Skipped,
    Refused,
    Followed,
}

/// Goes to `wanted`, or is refused and leaves everything as it was.
async fn follow(admin: &DatabaseConnection, db: &DatabaseConnection, wanted: &TenantMigrator) -> Outcome {
    let before = catalog(admin).await;
    if let Err(error) = wanted.up(db, None).await {
        let error = error.to_string();
        assert!(error.starts_with(CONFLICT), "{error}");
        assert!(error.lines().skip(1).all(|line| line.contains("table ") || line.contains('`')), "{error}");
        assert_same(&catalog(admin).await, &before, &format!("refused: {error}"));
        return Outcome::Refused;
    }
    assert_eq!(left_to_do(admin, db, wanted).await, [""; 0]);
    let (after, runs) = (catalog(admin).await, texts(admin, "SELECT run::text FROM tenancy.runs").await);
    wanted.up(db, None).await.expect("a second run");
    assert_same(&catalog(admin).await, &after, "a second run");
    assert_eq!(texts(admin, "SELECT run::text FROM tenancy.runs").await, runs, "a second run");
    Outcome::Followed
}

async fn check(change: &Change) -> Outcome {
    let (Some(before), Some(after)) = (migrator(&change.before), migrator(&change.after)) else {
        return Outcome::Skipped;
    };
    let (admin, database) = empty_database().await;
    before.up(&admin, None).await.expect("an empty database");
    let db = connect_as(&format!("{ROLES}_migrator"), &database).await;
    assert_eq!(left_to_do(&admin, &db, &before).await, [""; 0], "of an empty database");
    if change.rows {
        fill(&admin).await;
    }
    let first = catalog(&admin).await;
    let outcome = follow(&admin, &db, &after).await;
    let runs = texts(&admin, "SELECT run::text FROM tenancy.runs").await.len();
    if outcome == Outcome::Followed && runs > 1 {
        let second = catalog(&admin).await;
        after.down(&db, Some(1)).await.unwrap_or_else(|error| panic!("down: {error}"));
        assert_same(&catalog(&admin).await, &first, "taken back");
        assert_eq!(left_to_do(&admin, &db, &before).await, [""; 0], "taken back");
        after.up(&db, None).await.expect("up again");
        assert_same(&catalog(&admin).await, &second, "up again");
        follow(&admin, &db, &before).await;
    }
    outcome
}

#[test]
fn and_goes_back_to_the_letter() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut runner = TestRunner::new(Config { max_shrink_time: 20_000, ..tenant_seed::seeded(12) });
    let (begun, outcomes) = (Instant::now(), std::cell::RefCell::new(Vec::new()));
    let outcome = runner.run(&change(), |change| {
        outcomes.borrow_mut().push(runtime.block_on(check(&change)));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let of = |wanted| outcomes.borrow().iter().filter(|outcome| **outcome == wanted).count();
    let (followed, refused, skipped) = (of(Outcome::Followed), of(Outcome::Refused), of(Outcome::Skipped));
    println!("{followed} followed, {refused} refused, {skipped} no plan, in {:.1} s", begun.elapsed().as_secs_f64());
    assert!(followed > refused + skipped, "most changes are none that is refused");
}
