//! A database goes over to roles of other names: those of the old ones have nothing in it any more.

use sea_orm::{ColumnType, ConnectionTrait, DatabaseConnection};
use tenant_core::{TenantContext, TenantDatabase, TenantId};
use tenant_migration::{RoleNames, TenantMigrator};
use uuid::Uuid;

use crate::support::described::{Described, DescribedColumn, left_to_do, migrator, registry};
use crate::support::{connect_as, empty_database, execute, texts};

fn tables() -> [Described; 2] {
    let parts = Described::new("parts").column(DescribedColumn::new("name", ColumnType::Text));
    let kinds = Described { tenant_key: None, schema: Some("shared"), ..Described::new("kinds") };
    [parts, kinds]
}

/// What a role owns, may, or is named by in this database.
async fn held_by(admin: &DatabaseConnection, roles: &str) -> Vec<String> {
    let query = format!(
        "SELECT pg_describe_object(classid, objid, objsubid) || ' ' || deptype::text || ' ' || refobjid::regrole
         FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid::regrole::text ~ '^{roles}'
           AND (dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
             OR classid = 'pg_database'::regclass AND objid = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    );
    texts(admin, &query).await
}

#[tokio::test]
async fn all_of_them() {
    let (admin, database) = empty_database().await;
    migrator("rename_old", &tables()).up(&admin, None).await.expect("up");
    execute(&admin, "CREATE VIEW some_parts AS SELECT * FROM parts; ALTER VIEW some_parts OWNER TO rename_old_owner")
        .await;
    execute(&admin, "GRANT SELECT (name) ON parts TO rename_old_app; GRANT SELECT ON some_parts TO rename_old_app")
        .await;
    execute(&admin, "INSERT INTO parts VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'x')").await;
    assert!(!held_by(&admin, "rename_old").await.is_empty());

    let new = migrator("rename_new", &tables());
    let planned = new.plan(&admin).await.expect("a plan of roles").to_string();
    assert!(planned.contains("rename_old_app, of an earlier configuration"), "{planned}");
    new.up(&admin, None).await.expect("up as a superuser");
    assert_eq!(held_by(&admin, "rename_old").await, [""; 0]);
    let db = connect_as("rename_new_migrator", &database).await;
    assert_eq!(left_to_do(&admin, &db, &new).await, [""; 0]);
    for table in ["parts", "some_parts", "shared.kinds", "tenancy.runs"] {
        let old = connect_as("rename_old_app", &database).await;
        let refused = old.execute_unprepared(&format!("SELECT * FROM {table}")).await.expect_err(table).to_string();
        assert!(refused.contains("permission denied"), "{refused}");
    }

    let url = database.url("rename_new_app");
    let safe = TenantDatabase::builder(url).registry(registry(&tables())).build().await.expect("a safe database");
    let own = safe.connect(TenantContext::new(TenantId::new(Uuid::from_u128(1))));
    let row = own.query_one_raw(sea_orm::Statement::from_string(own.get_database_backend(), "SELECT name FROM parts"));
    assert_eq!(row.await.expect("an answer").expect("a row").try_get::<String>("", "name").expect("text"), "x");
}

#[tokio::test]
async fn one_of_them_and_the_owner_stays() {
    let (admin, database) = empty_database().await;
    migrator("rename_one", &tables()).up(&admin, None).await.expect("up");
    let names = ["owner", "web", "admin", "reporting", "migrator", "mover"].map(|role| format!("rename_one_{role}"));
    let new = TenantMigrator::builder(&registry(&tables())).roles(RoleNames::new(names).expect("valid")).build();
    let new = new.expect("a plan can be made");
    new.up(&admin, None).await.expect("up");
    assert_eq!(held_by(&admin, "rename_one_app").await, [""; 0]);
    assert!(held_by(&admin, "rename_one_owner").await.len() > 5);
    let db = connect_as("rename_one_migrator", &database).await;
    assert_eq!(left_to_do(&admin, &db, &new).await, [""; 0]);
}

#[tokio::test]
async fn databases_of_the_old_owner_stay_its_own() {
    let (admin, _database) = empty_database().await;
    let (other, _kept) = empty_database().await;
    migrator("rename_elsewhere", &tables()).up(&admin, None).await.expect("up");
    execute(
        &other,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO rename_elsewhere_owner', current_database()); END $$",
    )
    .await;
    migrator("rename_here", &tables()).up(&admin, None).await.expect("up");
    let owner = "SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()";
    assert_eq!(texts(&other, owner).await, ["rename_elsewhere_owner"]);
    // The next run of these tests begins with roles that own nothing.
    execute(
        &other,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO CURRENT_USER', current_database()); END $$",
    )
    .await;
}
