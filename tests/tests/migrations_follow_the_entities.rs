//! A database follows its entities: what changed in them, and only that, changes in it, and back.

use tenant_core::{Index, Registry, Table, Unique};
use tenant_migration::{RoleNames, TenantMigrator};

use crate::support::{connect_as, empty_database, execute, texts};

/// Every object, column, constraint, policy and grant outside the system's schemas, one a line.
const CATALOG: &str = include_str!("catalog.sql");

#[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
mod supplier {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "suppliers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Entities of the table `parts`, as it was at different times.
macro_rules! parts {
    ($name:ident, { $($fields:tt)* }, { $($relation:tt)* }) => {
        #[expect(unreachable_pub, reason = "SeaORM's derive wants it")]
        mod $name {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
            #[sea_orm(table_name = "parts")]
            pub struct Model {
                #[sea_orm(primary_key, auto_increment = false)]
                pub id: Uuid,
                $($fields)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation { $($relation)* }

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

parts!(plain, { pub name: String, pub code: Option<String>, }, {});
parts!(grown, {
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(default_value = "none")]
    pub code: String,
    #[sea_orm(extra = "CHECK (state IN ('new', 'old'))", default_value = "new")]
    pub state: String,
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub made_at: DateTimeWithTimeZone,
    pub supplier_id: Option<Uuid>,
}, {
    #[sea_orm(belongs_to = "super::supplier::Entity", from = "Column::SupplierId", to = "super::supplier::Column::Id", on_delete = "SetNull")]
    Supplier,
});

fn migrator(roles: &str, tables: impl IntoIterator<Item = Table>) -> TenantMigrator {
    let registry = tables.into_iter().fold(Registry::builder(), tenant_core::RegistryBuilder::table);
    TenantMigrator::builder(&registry.build().expect("consistent"))
        .roles(RoleNames::with_prefix(roles).expect("valid names"))
        .build()
        .expect("a plan can be made")
}

fn first() -> Vec<Table> {
    vec![
        Table::scoped::<supplier::Entity>(),
        Table::scoped::<plain::Entity>().index(Index::new().ascending("name")).unique(Unique::new().column("code")),
    ]
}

fn second() -> Vec<Table> {
    let parts = Table::scoped::<grown::Entity>()
        .index(Index::new().descending("made_at").filter("state IN ('new')"))
        .index(Index::new().ascending("supplier_id"))
        .unique(Unique::new().column("name"));
    vec![Table::scoped::<supplier::Entity>(), parts]
}

/// The rows of two tenants.
const ROWS: &str = "INSERT INTO parts (organization_id, id, name, code)
    SELECT ('00000000-0000-0000-0000-00000000000' || n % 2)::uuid, gen_random_uuid(), 'part ' || n, 'c' || n
    FROM generate_series(1, 2000) AS n";

#[tokio::test]
async fn what_changed_in_the_entities_changes_in_the_database_and_back() {
    for (case, rows) in [("empty", false), ("rows", true)] {
        let (db, database) = empty_database().await;
        let roles = format!("follow_{case}");
        let (old, new) = (migrator(&roles, first()), migrator(&roles, second()));
        old.up(&db, None).await.expect("up");
        let before = texts(&db, CATALOG).await;
        if rows {
            execute(&db, ROWS).await;
        }
        let migrating = connect_as(&format!("{roles}_migrator"), &database).await;
        let plan = new.plan(&migrating).await.expect("a plan").to_string();
        println!("{plan}");
        new.up(&migrating, None).await.unwrap_or_else(|error| panic!("{case}: {error}\n{plan}"));
        let left = new.plan(&migrating).await.expect("a plan").to_string();
        assert_eq!(left, "", "{case}: nothing is left to do");
        new.up(&migrating, None).await.expect("again");

        new.down(&migrating, Some(1)).await.expect("down");
        assert_eq!(texts(&db, CATALOG).await, before, "{case}: the catalog is what it was");
        let left = old.plan(&migrating).await.expect("a plan").to_string();
        assert_eq!(left, "", "{case}: what it was is what the old entities say");

        new.up(&migrating, None).await.expect("up again");
        old.up(&migrating, None).await.unwrap_or_else(|error| panic!("{case}, backwards: {error}"));
        println!("{}", old.plan(&migrating).await.expect("a plan"));
    }
}

/// A part of one tenant that refers to a supplier of another, once nothing keeps it from that.
const CROSSING: &str = "ALTER TABLE parts DROP CONSTRAINT parts_supplier_id_fkey;
    INSERT INTO suppliers VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000007');
    INSERT INTO parts (organization_id, id, name, supplier_id) VALUES
      ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'x', '00000000-0000-0000-0000-000000000007')";

#[tokio::test]
async fn rows_that_a_policy_hides_from_the_owner_are_looked_at_too() {
    let (db, database) = empty_database().await;
    let migrator = migrator("follow_hidden", second());
    migrator.up(&db, None).await.expect("up");
    execute(&db, CROSSING).await;
    execute(&db, "CREATE POLICY soft ON parts AS RESTRICTIVE USING (state = 'gone')").await;
    execute(&db, "CREATE POLICY soft ON suppliers AS RESTRICTIVE USING (false)").await;
    let migrating = connect_as("follow_hidden_migrator", &database).await;
    let failure = migrator.up(&migrating, None).await.expect_err("it refers to another tenant's").to_string();
    assert!(failure.contains("parts_supplier_id_fkey") && failure.contains("is not present"), "{failure}");
    let shown = "SELECT polname::text FROM pg_policy WHERE polname NOT IN
        ('tenant_isolation', 'tenant_reading', 'tenant_floor', 'system_access', 'at_home', 'soft')
        AND polrelid NOT IN ('tenancy.access_log'::regclass, 'tenancy.access_log_values'::regclass)";
    assert_eq!(texts(&db, shown).await, [""; 0], "nobody is shown what he may not see");
    execute(&db, "DELETE FROM parts").await;
    migrator.up(&migrating, None).await.expect("mended");
}

/// What was done to a sound database, and what its catalog says of it afterwards is what it said before.
const HARM: &str = "ALTER TABLE parts DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
    DROP POLICY tenant_floor ON suppliers; ALTER POLICY tenant_isolation ON suppliers USING (true);
    GRANT TRUNCATE ON parts TO follow_harm_app; GRANT UPDATE (name) ON parts TO follow_harm_reporting;
    ALTER TABLE parts DISABLE TRIGGER ALL; DROP INDEX parts_supplier_id_idx";

#[tokio::test]
async fn what_was_repaired_is_not_taken_back() {
    let (db, database) = empty_database().await;
    let migrator = migrator("follow_harm", second());
    migrator.up(&db, None).await.expect("up");
    let sound = texts(&db, CATALOG).await;
    execute(&db, HARM).await;
    let migrating = connect_as("follow_harm_migrator", &database).await;
    migrator.up(&migrating, None).await.expect("repaired");
    assert_eq!(texts(&db, CATALOG).await, sound);
    let enabled = "SELECT DISTINCT tgenabled::text FROM pg_trigger WHERE tgrelid = 'parts'::regclass";
    assert_eq!(texts(&db, enabled).await, ["O"]);
    migrator.down(&migrating, Some(1)).await.expect("the repair is no step back");
    assert_eq!(texts(&db, CATALOG).await, sound);
    execute(&db, "DROP INDEX parts_supplier_id_idx").await;
    migrator.reset(&migrating).await.expect("what is gone already is no hindrance");
}

#[tokio::test]
async fn what_fails_later_leaves_no_table_open() {
    let (db, database) = empty_database().await;
    migrator("follow_late", first()).up(&db, None).await.expect("up");
    execute(&db, ROWS).await;
    execute(&db, "UPDATE parts SET name = 'twice'; ALTER TABLE suppliers DISABLE ROW LEVEL SECURITY").await;
    let migrating = connect_as("follow_late_migrator", &database).await;
    let failure = migrator("follow_late", second()).up(&migrating, None).await.expect_err("not unique").to_string();
    assert!(failure.contains("parts_name_key"), "{failure}");
    let open = "SELECT relname::text FROM pg_class WHERE relname IN ('parts', 'suppliers') AND NOT relrowsecurity";
    assert_eq!(texts(&db, open).await, [""; 0]);
}

#[tokio::test]
async fn a_column_that_no_entity_has_any_more_keeps_its_data_and_stops_no_insert() {
    let (db, database) = empty_database().await;
    migrator("follow_kept", second()).up(&db, None).await.expect("up");
    execute(&db, "ALTER TABLE parts ALTER COLUMN made_at DROP DEFAULT").await;
    let row = "INSERT INTO parts (organization_id, id, name, made_at)
        VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'old', '2026-01-01')";
    execute(&db, row).await;
    let old = migrator("follow_kept", first());
    let migrating = connect_as("follow_kept_migrator", &database).await;
    let notes = old.plan(&migrating).await.expect("a plan").notes().join("\n");
    assert!(notes.contains("`made_at` of table public.parts") && notes.contains("may be NULL"), "{notes}");
    old.up(&migrating, None).await.expect("up");
    let insert = "INSERT INTO parts (organization_id, id, name)
        VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'new')";
    execute(&db, insert).await;
    assert_eq!(texts(&db, "SELECT made_at::date::text FROM parts WHERE name = 'old'").await, ["2026-01-01"]);
}
