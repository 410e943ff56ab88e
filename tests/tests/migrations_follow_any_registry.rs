//! Whatever the entities are, and whatever becomes of them: the database follows, a second look finds nothing left to do,
//! and what was done is taken back to the letter.

use std::time::Instant;

use proptest::test_runner::{Config, TestRunner};
use sea_orm::sea_query::StringLen;
use sea_orm::{ColumnType, DatabaseConnection};
use tenant_core::{Index, Registry, Unique};
use tenant_migration::{RoleNames, TenantMigrator};

use self::gene::{Change, change};
use self::rows::fill;
use crate::support::described::{Described, DescribedColumn, left_to_do};
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
    assert!(followed > 0, "none of the changes was one that can be followed");
}

/// What random changes found once, or could not.
#[tokio::test]
async fn what_was_found_once() {
    let named = |name| DescribedColumn::new(name, ColumnType::Text).default("'none'");
    let number = |kind| DescribedColumn::new("number", kind).nullable();
    let parts = || Described::new("parts");
    let others = || Described::new("others");
    let varchar = |length| ColumnType::String(StringLen::N(length));
    let listed = |length| {
        parts().column(DescribedColumn::new("name", varchar(length)).nullable().check("name IN ('a', 'b') OR true"))
    };
    let counted = |kind: ColumnType| {
        let mut parts = parts();
        (parts.counts, parts.columns[0].kind) = (true, kind.clone());
        let mut others = others().refers("part_id", "parts");
        others.columns[1].kind = kind;
        vec![parts, others]
    };
    let longer = |mut table: Described| {
        table.columns.insert(1, DescribedColumn::new("version", ColumnType::Integer).default("1"));
        table.key = 2;
        table
    };
    let coded =
        |table: Described| table.column(DescribedColumn::new("code", ColumnType::Uuid).default("gen_random_uuid()"));
    let keyed = |table| coded(table).unique(Unique::new().column("code"));
    let to_code = || {
        let mut others = others().refers("part_code", "parts");
        others.references[0].target = "code";
        others
    };
    let two = |first: &'static str, second: &'static str| {
        let table = ["a", "b_c", "a_b", "c"].into_iter().fold(parts(), |table, name| table.column(named(name)));
        table.unique(Unique::new().column(first).column(second).column("id"))
    };
    let cases = [
        ("a condition reads differently once the server has read its own words", vec![listed(20)], vec![listed(30)]),
        (
            "the type of a condition's column",
            vec![listed(20)],
            vec![{
                let mut table = listed(20);
                table.columns[1].kind = ColumnType::Text;
                table
            }],
        ),
        ("the type of a key and of what refers to it", counted(ColumnType::Integer), counted(ColumnType::BigInteger)),
        (
            "a longer key, to which nothing refers any more",
            vec![parts(), others().refers("part_id", "parts")],
            vec![longer(parts()), others()],
        ),
        (
            "a shorter key, to which a table refers",
            vec![longer(parts()), others()],
            vec![parts(), others().refers("part_id", "parts")],
        ),
        (
            "a shorter key, to which a new table refers",
            vec![longer(parts())],
            vec![parts(), others().refers("part_id", "parts")],
        ),
        ("a new table refers to a new key", vec![parts()], vec![keyed(parts()), to_code()]),
        (
            "the key that is referred to is another one",
            vec![parts(), others().refers("part_id", "parts")],
            vec![longer(parts()).unique(Unique::new().column("id")), others().refers("part_id", "parts")],
        ),
        (
            "what is referred to has no entity any more",
            vec![parts(), others().refers("part_id", "parts")],
            vec![others()],
        ),
        ("two keys that wish the same name", vec![two("a", "b_c")], vec![two("a_b", "c")]),
        (
            "an index goes",
            vec![parts().column(named("name")).index(Index::new().ascending("name"))],
            vec![parts().column(named("name"))],
        ),
        (
            "a column may be NULL no more",
            vec![parts().column(number(ColumnType::Integer))],
            vec![{
                let mut table = parts().column(number(ColumnType::Integer));
                table.columns[1].nullable = false;
                table
            }],
        ),
    ];
    for (case, before, after) in cases {
        for rows in [false, true] {
            println!("{case}, {}", if rows { "rows" } else { "no rows" });
            let (before, after) = (before.clone(), after.clone());
            assert_eq!(check(&Change { before, after, rows }).await, Outcome::Followed, "{case}");
        }
    }
}

/// A key can't go while a table refers to it that no entity describes: nothing of ours says that its rows need it no more.
#[tokio::test]
async fn a_key_in_use_by_a_table_without_an_entity_stays() {
    let mut longer = Described::new("parts");
    longer.columns.insert(1, DescribedColumn::new("version", ColumnType::Integer).default("1"));
    longer.key = 2;
    let before = vec![Described::new("parts"), Described::new("others").refers("part_id", "parts")];
    assert_eq!(check(&Change { before, after: vec![longer], rows: true }).await, Outcome::Refused);
}

/// Its key goes before the walls come, and comes again when they are gone.
#[tokio::test]
async fn a_table_that_refers_to_itself_can_get_a_tenant_column() {
    let of = |tenant_key| {
        let code = DescribedColumn::new("code", ColumnType::Uuid).default("gen_random_uuid()");
        let parts = Described::new("parts").column(code).unique(Unique::new().column("code"));
        let mut parts = parts.refers("part_code", "parts");
        (parts.references[0].target, parts.tenant_key) = ("code", tenant_key);
        vec![parts]
    };
    let change = Change { before: of(None), after: of(Some("organization_id")), rows: false };
    assert_eq!(check(&change).await, Outcome::Followed);
}
