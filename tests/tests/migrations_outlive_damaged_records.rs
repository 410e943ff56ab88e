//! What somebody does to the tables in which the framework keeps what it did is mended, or refused with the statement that mends
//! it: never an error of the server's.

use sea_orm::ColumnType;

use crate::support::described::{Described, DescribedColumn, left_to_do, migrator};
use crate::support::{connect_as, empty_database, execute, texts};

const CATALOG: &str = include_str!("catalog.sql");

fn parts() -> Described {
    Described::new("parts")
}

fn better_parts() -> Described {
    parts().column(DescribedColumn::new("name", ColumnType::Text))
}

const TABLES: [&str; 5] = ["runs", "steps", "known", "deployment", "fences"];

#[tokio::test]
async fn a_table_that_is_gone_is_made_anew() {
    let (admin, database) = empty_database().await;
    let wanted = migrator("gone_record", &[parts()]);
    wanted.up(&admin, None).await.expect("up");
    let sound = texts(&admin, CATALOG).await;
    let db = connect_as("gone_record_migrator", &database).await;
    for table in TABLES {
        execute(&admin, &format!("DROP TABLE tenancy.{table} CASCADE")).await;
        let said = wanted.down(&db, None).await.expect_err(table).to_string();
        assert!(said.contains(&format!("tenancy.{table}")) && said.contains("run `migrate up`"), "{said}");
        let said = wanted.fresh(&db).await.expect_err(table).to_string();
        assert!(said.contains(&format!("tenancy.{table}")) && said.contains("run `migrate up`"), "{said}");
        wanted.plan(&db).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{table}: {error}"));
        assert_eq!(texts(&admin, CATALOG).await, sound, "{table}");
        assert_eq!(left_to_do(&admin, &db, &wanted).await, [""; 0], "{table}");
    }
}

#[tokio::test]
async fn steps_whose_runs_are_lost_are_taken_back_in_their_order() {
    let (admin, database) = empty_database().await;
    migrator("lost_runs", &[parts()]).up(&admin, None).await.expect("up");
    let db = connect_as("lost_runs_migrator", &database).await;
    execute(&admin, "DROP TABLE tenancy.runs CASCADE").await;
    let wanted = migrator("lost_runs", &[better_parts()]);
    wanted.up(&db, None).await.expect("up");
    let columns = "SELECT attname::text FROM pg_attribute WHERE attrelid = 'parts'::regclass AND attnum > 0
        AND NOT attisdropped ORDER BY attnum";
    assert_eq!(texts(&admin, columns).await, ["organization_id", "id", "name"]);
    wanted.down(&db, Some(1)).await.expect("the last run is taken back");
    assert_eq!(texts(&admin, columns).await, ["organization_id", "id"]);
    wanted.down(&db, Some(1)).await.expect("and the one before");
    assert_eq!(texts(&admin, "SELECT to_regclass('parts') IS NULL || ''").await, ["true"]);
}

#[tokio::test]
async fn a_table_without_a_column_or_its_key_is_refused_with_what_mends_it() {
    let (admin, database) = empty_database().await;
    let wanted = migrator("damaged_record", &[parts()]);
    wanted.up(&admin, None).await.expect("up");
    let sound = texts(&admin, CATALOG).await;
    let db = connect_as("damaged_record_migrator", &database).await;
    let columns = "SELECT c.relname || '.' || attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace = 'tenancy'::regnamespace AND relkind = 'r' AND relname NOT LIKE 'access_log%' AND attnum > 0
        ORDER BY 1";
    let columns = texts(&admin, columns).await;
    for table in TABLES {
        assert!(columns.iter().any(|column| column.starts_with(table)), "{columns:?}");
    }
    for (table, column) in columns.iter().map(|column| column.split_once('.').expect("a table and a column")) {
        execute(&admin, &format!("ALTER TABLE tenancy.{table} DROP COLUMN {column} CASCADE")).await;
        let refused = wanted.up(&db, None).await.expect_err(column).to_string();
        assert!(refused.contains(&format!("table tenancy.{table}")) && refused.contains(column), "{column}: {refused}");
        for said in [wanted.plan(&db).await.map(drop), wanted.down(&db, None).await, wanted.fresh(&db).await] {
            assert_eq!(said.expect_err(column).to_string(), refused);
        }
        let (_, mends) = refused.split_once("`DROP TABLE ").unwrap_or_else(|| panic!("{refused}"));
        let (tables, _) = mends.split_once('`').expect("its end");
        execute(&admin, &format!("DROP TABLE {tables}")).await;
        wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{table}.{column}: {error}"));
        assert_eq!(texts(&admin, CATALOG).await, sound, "{table}.{column}");
    }
    for table in TABLES {
        execute(&admin, &format!("ALTER TABLE tenancy.{table} DROP CONSTRAINT {table}_pkey CASCADE")).await;
        let refused = wanted.up(&db, None).await.expect_err(table).to_string();
        let (_, mends) = refused.split_once("`ALTER TABLE ").unwrap_or_else(|| panic!("{refused}"));
        let (mends, _) = mends.split_once('`').expect("its end");
        execute(&admin, &format!("ALTER TABLE {mends}")).await;
        wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{table}: {error}"));
    }
}
