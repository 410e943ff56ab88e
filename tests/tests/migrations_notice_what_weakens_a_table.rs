//! What somebody did to a table of ours that no step mends is refused by name, with the statement that mends it, and what is
//! harmless stays alone.

use sea_orm::{ColumnType, DatabaseConnection};

use crate::support::described::{Described, DescribedColumn, left_to_do, migrator};
use crate::support::{connect_as, empty_database, execute, texts};

const CATALOG: &str = include_str!("catalog.sql");

fn tables() -> [Described; 2] {
    [
        Described::new("others"),
        Described::new("parts").column(DescribedColumn::new("name", ColumnType::Text)).refers("other_id", "others"),
    ]
}

/// The tables, and a foreign server.
async fn made(roles: &str) -> (DatabaseConnection, DatabaseConnection, tenant_testkit::Database) {
    let (admin, database) = empty_database().await;
    migrator(roles, &tables()).up(&admin, None).await.expect("up");
    execute(&admin, "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER far FOREIGN DATA WRAPPER far").await;
    let db = connect_as(&format!("{roles}_migrator"), &database).await;
    (admin, db, database)
}

#[tokio::test]
async fn it_is_refused_with_the_statement_that_mends_it() {
    let (admin, db, _database) = made("weakened").await;
    let wanted = migrator("weakened", &tables());
    let columns = "(organization_id uuid NOT NULL, id uuid NOT NULL, name text NOT NULL, other_id uuid)";
    for (harm, mends) in [
        (
            &*format!("CREATE FOREIGN TABLE all_parts {columns} SERVER far; ALTER TABLE parts INHERIT all_parts"),
            r#"ALTER TABLE "public"."parts" NO INHERIT "public"."all_parts""#,
        ),
        (
            "CREATE TABLE names (name text NOT NULL); ALTER TABLE parts INHERIT names",
            r#"ALTER TABLE "public"."parts" NO INHERIT "public"."names""#,
        ),
        (
            "CREATE FOREIGN TABLE far_parts () INHERITS (parts) SERVER far",
            r#"ALTER FOREIGN TABLE "public"."far_parts" NO INHERIT "public"."parts""#,
        ),
        ("CREATE POLICY wide ON parts USING (true)", r#"DROP POLICY "wide" ON "public"."parts""#),
        (
            "CREATE POLICY \"Wide\" ON parts FOR SELECT TO weakened_reporting, weakened_admin USING (true)",
            r#"DROP POLICY "Wide" ON "public"."parts""#,
        ),
        ("ALTER TABLE parts SET UNLOGGED", r#"ALTER TABLE "public"."parts" SET LOGGED"#),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'parts_pkey'::regclass",
            r#"REINDEX INDEX CONCURRENTLY "public"."parts_pkey""#,
        ),
    ] {
        execute(&admin, harm).await;
        let before = texts(&admin, CATALOG).await;
        let refused = wanted.up(&db, None).await.expect_err(harm).to_string();
        assert!(refused.contains(mends), "{harm}: {refused}");
        assert_eq!(wanted.plan(&db).await.expect_err(harm).to_string(), refused);
        assert_eq!(texts(&admin, CATALOG).await, before, "{harm}");
        execute(&admin, mends).await;
        wanted.up(&db, None).await.unwrap_or_else(|error| panic!("{harm}: {error}"));
    }
}

/// By month, one of them on another server; and one key that not all parts have.
#[tokio::test]
async fn in_partitions_too() {
    let (admin, db, _database) = made("weak_parts").await;
    let partitioned = "CREATE TABLE events (organization_id uuid NOT NULL, id uuid NOT NULL, month int NOT NULL)
          PARTITION BY LIST (month);
        CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);
        ALTER TABLE events ADD PRIMARY KEY (organization_id, id, month);
        ALTER TABLE events OWNER TO weak_parts_owner; ALTER TABLE events_1 OWNER TO weak_parts_owner";
    execute(&admin, partitioned).await;
    let events = Described::new("events").column(DescribedColumn::new("month", ColumnType::Integer));
    let wanted = migrator("weak_parts", &[tables().as_slice(), &[events]].concat());
    wanted.up(&db, None).await.expect("up");
    for (harm, mends) in [
        (
            "CREATE FOREIGN TABLE events_2 (organization_id uuid NOT NULL, id uuid NOT NULL, month int NOT NULL) SERVER far;
             CREATE TABLE events_rest PARTITION OF events DEFAULT PARTITION BY LIST (month);
             ALTER TABLE events DROP CONSTRAINT events_pkey;
             ALTER TABLE events_rest ATTACH PARTITION events_2 FOR VALUES IN (2)",
            r#"ALTER TABLE "public"."events_rest" DETACH PARTITION "public"."events_2""#,
        ),
        ("ALTER TABLE events_1 SET UNLOGGED", r#"ALTER TABLE "public"."events_1" SET LOGGED"#),
        (
            "DROP TABLE events_rest; ALTER TABLE ONLY events ADD CONSTRAINT events_pkey PRIMARY KEY (organization_id, id, month)",
            r#"ALTER INDEX "public"."events_pkey" ATTACH PARTITION"#,
        ),
    ] {
        execute(&admin, harm).await;
        let refused = wanted.up(&db, None).await.expect_err(harm).to_string();
        assert!(refused.contains(mends), "{harm}: {refused}");
        if !mends.ends_with("PARTITION") {
            execute(&admin, mends).await;
        }
    }
    let broken = "UPDATE pg_index SET indisvalid = indrelid = 'events'::regclass WHERE indexrelid::regclass::text ~ '^events.*pkey'";
    let whole = "ALTER TABLE events_1 ADD PRIMARY KEY (organization_id, id, month);
        ALTER INDEX events_pkey ATTACH PARTITION events_1_pkey";
    execute(&admin, whole).await;
    wanted.up(&db, None).await.expect("all is mended");
    execute(&admin, broken).await;
    let refused = wanted.up(&db, None).await.expect_err("a part of the key").to_string();
    assert!(refused.contains(r#"REINDEX INDEX CONCURRENTLY "public"."events_1_pkey""#), "{refused}");
}

#[tokio::test]
async fn what_is_taken_from_the_owner_of_its_own_rights_comes_back() {
    let (admin, db, _database) = made("disowned").await;
    let wanted = migrator("disowned", &tables());
    let before = texts(&admin, CATALOG).await;
    execute(&admin, "REVOKE ALL ON parts FROM disowned_owner; REVOKE SELECT, TRUNCATE ON others FROM disowned_owner")
        .await;
    wanted.up(&db, None).await.expect("up");
    assert_eq!(texts(&admin, CATALOG).await, before);
    assert_eq!(left_to_do(&admin, &db, &wanted).await, [""; 0]);
}

#[tokio::test]
async fn what_harms_nothing_stays() {
    let (admin, db, _database) = made("unharmed").await;
    let wanted = migrator("unharmed", &tables());
    let harmless = "CREATE TABLE more_parts () INHERITS (parts);
        CREATE FOREIGN TABLE elsewhere (id uuid) SERVER far;
        CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY);
        CREATE POLICY narrow ON parts AS RESTRICTIVE USING (name <> 'hidden');
        CREATE POLICY below_the_floor ON parts TO unharmed_app USING (true)";
    execute(&admin, harmless).await;
    let before = texts(&admin, CATALOG).await;
    wanted.up(&db, None).await.expect("up");
    assert_eq!(texts(&admin, CATALOG).await, before);
    assert_eq!(left_to_do(&admin, &db, &wanted).await, [""; 0]);
}
