//! What can't be decided without the database's owner is refused by name, and what rows break is found in them: nothing
//! half-done is left that a second run doesn't complete.

use sea_orm::{ColumnType, DatabaseConnection};
use tenant_core::Unique;

use crate::support::described::{Described, DescribedColumn, left_to_do, migrator};
use crate::support::{connect_as, empty_database, execute, texts};

const CATALOG: &str = include_str!("catalog.sql");

fn parts() -> Described {
    let parts = Described::new("parts").column(DescribedColumn::new("name", ColumnType::Text));
    parts.column(DescribedColumn::new("other_id", ColumnType::Uuid).nullable())
}

/// A database in which only another table was made.
async fn other_table(roles: &str) -> (DatabaseConnection, tenant_testkit::Database) {
    let (admin, database) = empty_database().await;
    migrator(roles, &[Described::new("others")]).up(&admin, None).await.expect("up");
    (admin, database)
}

#[tokio::test]
async fn something_else_in_a_tables_place() {
    let (admin, database) = other_table("refuse_place").await;
    let db = connect_as("refuse_place_migrator", &database).await;
    let wanted = migrator("refuse_place", &[Described::new("others"), parts()]);
    for (make, drop, said) in [
        ("CREATE VIEW parts AS SELECT 1", "DROP VIEW parts", "a view"),
        ("CREATE MATERIALIZED VIEW parts AS SELECT 1", "DROP MATERIALIZED VIEW parts", "a materialized view"),
        ("CREATE SEQUENCE parts", "DROP SEQUENCE parts", "a sequence"),
        ("CREATE TYPE parts AS (a int)", "DROP TYPE parts", "a type"),
        ("CREATE INDEX parts ON others (id)", "DROP INDEX parts", "an index"),
        (
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE parts (a int) SERVER s",
            "DROP FOREIGN DATA WRAPPER w CASCADE",
            "a foreign table",
        ),
        (
            "CREATE TABLE parts (a int); ALTER EXTENSION plpgsql ADD TABLE parts",
            "ALTER EXTENSION plpgsql DROP TABLE parts; DROP TABLE parts",
            "an object of an extension",
        ),
        ("CREATE TABLE parts (a int)", "DROP TABLE parts", "belongs to `postgres`"),
    ] {
        execute(&admin, make).await;
        let before = texts(&admin, CATALOG).await;
        let refused = wanted.up(&db, None).await.expect_err(make).to_string();
        assert!(refused.contains("public.parts") && refused.contains(said), "{make}: {refused}");
        assert_eq!(texts(&admin, CATALOG).await, before, "{make}");
        execute(&admin, drop).await;
    }
    wanted.up(&db, None).await.expect("the place is free");
}

#[tokio::test]
async fn something_elses_name_in_a_part_of_a_tables_place() {
    let indexed = || parts().index(tenant_core::Index::new().ascending("name")).unique(Unique::new().column("name"));
    for (case, (there, make, holder, kind, name)) in [
        (
            false,
            "CREATE INDEX parts_name_idx ON elsewhere (id)",
            "an index of public.elsewhere",
            "INDEX",
            "parts_name_idx",
        ),
        (
            false,
            "ALTER TABLE elsewhere ADD CONSTRAINT parts_pkey PRIMARY KEY (id)",
            "an index of public.elsewhere",
            "INDEX",
            "parts_pkey",
        ),
        (false, "CREATE VIEW parts_name_key AS SELECT 1", "a view", "VIEW", "parts_name_key"),
        (false, "CREATE TYPE parts AS ENUM ('a')", "a type", "TYPE", "parts"),
        (false, "CREATE DOMAIN parts AS text", "a type", "TYPE", "parts"),
        (
            true,
            "CREATE INDEX parts_name_key ON elsewhere (id)",
            "an index of public.elsewhere",
            "INDEX",
            "parts_name_key",
        ),
        (true, "CREATE SEQUENCE parts_name_idx", "a sequence", "SEQUENCE", "parts_name_idx"),
        (true, "CREATE TABLE parts_name_idx (id int)", "a table", "TABLE", "parts_name_idx"),
    ]
    .into_iter()
    .enumerate()
    {
        let roles = format!("refuse_name{case}");
        let (admin, database) = other_table(&roles).await;
        let db = connect_as(&format!("{roles}_migrator"), &database).await;
        if there {
            migrator(&roles, &[Described::new("others"), parts()]).up(&admin, None).await.expect("up");
            execute(&admin, ROWS).await;
        }
        execute(&admin, &format!("CREATE TABLE elsewhere (id int); {make}")).await;
        let wanted = migrator(&roles, &[Described::new("others"), indexed()]);
        let before = texts(&admin, CATALOG).await;
        let refused = wanted.up(&db, None).await.expect_err(make).to_string();
        assert!(refused.contains("table public.parts") && refused.contains(holder), "{make}: {refused}");
        let mend = format!("ALTER {kind} \"public\".\"{name}\" RENAME TO \"{name}_old\"");
        assert!(refused.contains(&mend), "{make}: {refused}");
        assert_eq!(texts(&admin, CATALOG).await, before, "{make}");
        execute(&admin, &mend).await;
        wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{make}: {error}"));
        assert_eq!(left_to_do(&admin, &db, &wanted).await, [""; 0], "{make}");
    }
}

/// Two tenants, 100 rows each.
const ROWS: &str = "INSERT INTO parts (organization_id, id, name)
    SELECT ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, gen_random_uuid(), 'part ' || n
    FROM generate_series(1, 200) AS n";

async fn with_rows(roles: &str) -> (DatabaseConnection, DatabaseConnection, tenant_testkit::Database) {
    let (admin, database) = empty_database().await;
    migrator(roles, &[Described::new("others"), parts()]).up(&admin, None).await.expect("up");
    execute(&admin, ROWS).await;
    let db = connect_as(&format!("{roles}_migrator"), &database).await;
    (admin, db, database)
}

#[tokio::test]
async fn what_the_rows_say_nothing_about_and_names_that_are_taken() {
    let (admin, db, _database) = with_rows("refuse_rows").await;
    let others = || Described::new("others");
    let shared = Described { tenant_key: None, ..parts() };
    let mut retyped = parts();
    retyped.columns[2].kind = ColumnType::Integer;
    for (arrange, table, said) in [
        ("", parts().column(DescribedColumn::new("more", ColumnType::Text)), "`more` is new in table public.parts"),
        ("", shared, "public.parts is under row-level security and has rows"),
        ("", retyped, "`other_id` of table public.parts is uuid and is to be integer"),
        (
            "CREATE INDEX parts_name_idx ON parts (name)",
            parts().index(tenant_core::Index::new().ascending("name")),
            "index parts_name_idx of table public.parts",
        ),
        (
            "ALTER TABLE parts ADD CONSTRAINT parts_name_key UNIQUE (organization_id, name, id)",
            parts().unique(Unique::new().column("name")),
            "constraint parts_name_key of table public.parts",
        ),
        (
            "ALTER TABLE parts ADD CONSTRAINT parts_name_check CHECK (name <> '')",
            {
                let mut parts = parts();
                parts.columns[1] = parts.columns[1].clone().check("name <> 'no'");
                parts
            },
            "constraint parts_name_check of table public.parts",
        ),
        (
            "COMMENT ON POLICY tenant_reading ON parts IS NULL; ALTER POLICY tenant_reading ON parts USING (false)",
            parts(),
            "policy tenant_reading of table public.parts",
        ),
    ] {
        execute(&admin, arrange).await;
        let before = texts(&admin, CATALOG).await;
        let refused = migrator("refuse_rows", &[others(), table]).up(&db, None).await.expect_err(said).to_string();
        assert!(refused.contains(said), "{said}: {refused}");
        assert_eq!(texts(&admin, CATALOG).await, before, "{said}");
    }
}

#[tokio::test]
async fn rows_that_break_a_rule_are_found_and_mended_rows_complete_it() {
    let others = || Described::new("others");
    let mut referring = parts();
    referring.columns.pop();
    let mut required = parts();
    required.columns[2].nullable = false;
    let mut checked = parts();
    checked.columns[1] = checked.columns[1].clone().check("name <> 'part 7'");
    for (case, (harm, table, object, mend)) in [
        ("UPDATE parts SET name = 'part 7'", checked, "parts_name_check", "UPDATE parts SET name = 'x'"),
        (
            "UPDATE parts SET name = 'same'",
            parts().unique(Unique::new().column("name")),
            "parts_name_key",
            "UPDATE parts SET name = id::text",
        ),
        ("UPDATE parts SET name = 'x'", required, "parts_other_id_not_null", "UPDATE parts SET other_id = id"),
        (
            // Of another tenant's: the owner, who validates, sees no rows under FORCE.
            "INSERT INTO others SELECT '00000000-0000-0000-0000-000000000009', id FROM parts; UPDATE parts SET other_id = id",
            referring.refers("other_id", "others"),
            "parts_other_id_fkey",
            "INSERT INTO others SELECT organization_id, id FROM parts",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let roles = format!("refuse_broken{case}");
        let (admin, db, _database) = with_rows(&roles).await;
        execute(&admin, harm).await;
        let wanted = migrator(&roles, &[others(), table]);
        for round in 1..=2 {
            let refused = wanted.up(&db, None).await.expect_err(object).to_string();
            assert!(refused.contains(object), "round {round}: {refused}");
        }
        execute(&admin, mend).await;
        wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{object}: {error}"));
        assert_eq!(left_to_do(&admin, &db, &wanted).await, [""; 0], "{object}");
        let left = "SELECT conname::text FROM pg_constraint WHERE NOT convalidated
            UNION ALL SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid";
        assert_eq!(texts(&admin, left).await, [""; 0], "{object}");
    }
}

/// More than 8 MiB.
const MANY_ROWS: &str = "INSERT INTO parts (organization_id, id, name, size)
    SELECT ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, gen_random_uuid(), repeat('x', 500), n
    FROM generate_series(1, 20000) AS n";

#[tokio::test]
async fn the_rows_of_a_big_table_are_written_anew_only_when_that_is_allowed() {
    let sized = |name: ColumnType, size: ColumnType| {
        let mut name =
            DescribedColumn::new("name", name).default("'none'").check("name IN ('a', 'b') OR length(name) > 3");
        name.nullable = true;
        let size = DescribedColumn::new("size", size).default("3");
        let index = tenant_core::Index::new().ascending("size").filter("name IN ('a', 'b')");
        Described::new("parts").column(name).column(size).index(index)
    };
    let varchar = || ColumnType::String(sea_orm::sea_query::StringLen::N(600));
    let (admin, database) = empty_database().await;
    let first = migrator("refuse_big", &[sized(varchar(), ColumnType::Integer)]);
    first.up(&admin, None).await.expect("up");
    execute(&admin, MANY_ROWS).await;
    let db = connect_as("refuse_big_migrator", &database).await;
    let file = "SELECT pg_relation_filenode('parts')::text";
    let before = texts(&admin, file).await;

    let wider = migrator("refuse_big", &[sized(ColumnType::Text, ColumnType::Integer)]);
    wider.up(&db, None).await.unwrap_or_else(|error| panic!("no row is written: {error}"));
    assert_eq!(texts(&admin, file).await, before);
    assert_eq!(left_to_do(&admin, &db, &wider).await, [""; 0]);

    let bigger = || migrator("refuse_big", &[sized(ColumnType::Text, ColumnType::BigInteger)]);
    let refused = bigger().up(&db, None).await.expect_err("each row would be written").to_string();
    assert!(refused.contains("size becomes bigint") && refused.contains("--allow-rewrites"), "{refused}");
    assert_eq!(texts(&admin, file).await, before);
    let bigger = bigger().allow_rewrites();
    bigger.up(&db, None).await.unwrap_or_else(|error| panic!("allowed: {error}"));
    assert_ne!(texts(&admin, file).await, before);
    assert_eq!(left_to_do(&admin, &db, &bigger).await, [""; 0]);
}
