//! `migrate catalog up` makes the catalog, mends what was changed, and stays out of the way of a tenants' database; `down`
//! takes all of it away.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use sqlx::Connection;
use tenant_core::{Registry, TenantDatabase};
use tenant_migration::TenantMigrator;
use tenant_migration::catalog::{CatalogMigrationError, CatalogMigrator, CatalogRoles, CatalogStatus};
use tenant_migration::verify::{Scope, Verifier};

use crate::support::{Office, World, application_role, connect_as, empty_database, execute, texts};

fn migrator() -> CatalogMigrator {
    CatalogMigrator::default()
}

async fn status(db: &DatabaseConnection) -> CatalogStatus {
    migrator().status(db).await.expect("looked at")
}

#[tokio::test]
async fn up_makes_it_once_and_down_leaves_nothing() {
    let (db, _database) = empty_database().await;
    assert_eq!(status(&db).await, CatalogStatus::Missing);
    let plan = migrator().plan(&db).await.expect("a plan");
    assert_eq!(plan.to_string(), migrator().plan_for_empty().to_string());
    assert_eq!(status(&db).await, CatalogStatus::Missing, "a plan does nothing");
    assert_eq!(migrator().up(&db).await.expect("up"), ["the catalog"]);
    assert_eq!(status(&db).await, CatalogStatus::Current);
    assert!(migrator().plan(&db).await.expect("a plan").is_empty());
    assert!(migrator().up(&db).await.expect("up").is_empty(), "nothing is left to do");
    migrator().down(&db, false).await.expect("down");
    assert_eq!(status(&db).await, CatalogStatus::Missing);
    let left = "SELECT proname::text FROM pg_proc WHERE pronamespace >= 16384
                UNION ALL SELECT relname::text FROM pg_class WHERE relnamespace >= 16384";
    assert_eq!(texts(&db, left).await, [] as [&str; 0]);
    migrator().down(&db, false).await.expect("down again");
}

#[tokio::test]
async fn the_printed_plan_makes_the_same() {
    let (db, _database) = empty_database().await;
    execute(&db, &migrator().plan_for_empty().to_string()).await;
    assert_eq!(status(&db).await, CatalogStatus::Current);
}

#[tokio::test]
async fn what_was_changed_is_found_and_made_as_it_was() {
    let office = Office::new().await;
    office.organization(1, "active", "eu").await;
    let db = &office.admin;
    let state = include_str!("../../tenant-migration/sql/catalog_state.sql");
    let made = texts(db, state).await;
    for harm in [
        "GRANT USAGE ON SCHEMA tenancy_catalog TO PUBLIC",
        "GRANT SELECT ON tenancy_catalog.organizations TO PUBLIC",
        "GRANT SELECT (name) ON tenancy_catalog.organizations TO pg_monitor",
        "REVOKE SELECT ON tenancy_catalog.placements FROM tenancy_router",
        "ALTER TABLE tenancy_catalog.organizations DISABLE TRIGGER before_organization",
        "ALTER TABLE tenancy_catalog.organizations DISABLE TRIGGER ALL",
        "DROP TRIGGER tell_of_updated ON tenancy_catalog.organizations",
        "ALTER TABLE tenancy_catalog.organizations DROP CONSTRAINT organizations_status_check",
        "ALTER TABLE tenancy_catalog.organizations DROP CONSTRAINT organizations_pkey CASCADE",
        "DROP TABLE tenancy_catalog.moves",
        "DROP TRIGGER keep_what_moves ON tenancy_catalog.placements",
        "GRANT SELECT ON tenancy_catalog.moves TO tenancy_router",
        "ALTER TABLE tenancy_catalog.moves DROP CONSTRAINT moves_stage_check",
        "ALTER TABLE tenancy_catalog.placements DROP CONSTRAINT placements_pkey CASCADE",
        "ALTER TABLE tenancy_catalog.placements ALTER COLUMN hosts DROP NOT NULL",
        "DROP INDEX tenancy_catalog.organizations_dedicated_key",
        "ALTER TABLE tenancy_catalog.organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "ALTER TABLE tenancy_catalog.placements ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE tenancy_catalog.moves SET UNLOGGED",
        "CREATE RULE aside AS ON UPDATE TO tenancy_catalog.organizations DO INSTEAD NOTHING",
        "CREATE OR REPLACE FUNCTION tenancy_catalog.refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ] {
        execute(db, harm).await;
        assert_eq!(status(db).await, CatalogStatus::Changed, "{harm}");
        assert_eq!(migrator().up(db).await.expect(harm), ["the catalog"], "{harm}");
        assert_eq!(texts(db, state).await, made, "{harm}");
        assert_eq!(status(db).await, CatalogStatus::Current, "{harm}");
    }
    assert_eq!(texts(db, "SELECT count(*)::text FROM tenancy_catalog.organizations").await, ["1"], "rows stay");
}

#[tokio::test]
async fn down_refuses_while_organisations_are_in_it() {
    let office = Office::new().await;
    office.organization(1, "archived", "eu").await;
    office.organization(2, "suspended", "eu").await;
    let refused = migrator().down(&office.admin, false).await.expect_err("one is there");
    assert!(matches!(refused, CatalogMigrationError::InUse { organizations: 1 }), "{refused}");
    assert_eq!(status(&office.admin).await, CatalogStatus::Current);
    migrator().down(&office.admin, true).await.expect("by force");
    assert_eq!(status(&office.admin).await, CatalogStatus::Missing);
}

#[tokio::test]
async fn what_another_release_or_somebody_made_is_left_alone() {
    let (db, _database) = empty_database().await;
    execute(&db, "CREATE SCHEMA tenancy_catalog").await;
    for (comment, expected) in
        [("theirs", CatalogStatus::Unknown), ("version 7; as it was made: x", CatalogStatus::Later { version: 7 })]
    {
        execute(&db, &format!("COMMENT ON SCHEMA tenancy_catalog IS '{comment}'")).await;
        assert_eq!(status(&db).await, expected);
        for refused in [migrator().up(&db).await.map(drop), migrator().down(&db, true).await] {
            let refused = refused.expect_err(comment);
            assert!(matches!(refused, CatalogMigrationError::Foreign { .. }), "{refused}");
        }
    }
}

#[tokio::test]
async fn who_may_not_is_told_what_to_do() {
    let office = Office::new().await;
    execute(
        &office.admin,
        "DO $$ BEGIN CREATE ROLE catalog_visitor LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    )
    .await;
    execute(&office.admin, "GRANT USAGE ON SCHEMA tenancy_catalog TO PUBLIC").await;
    let visitor = connect_as("catalog_visitor", &office.database).await;
    let refused = migrator().up(&visitor).await.expect_err("not a member").to_string();
    assert!(refused.contains("GRANT tenancy_catalog_owner TO catalog_visitor"), "{refused}");
    execute(&office.admin, "GRANT tenancy_catalog_owner TO catalog_visitor").await;
    migrator().up(&visitor).await.expect("a member may");
    execute(&office.admin, "REVOKE tenancy_catalog_owner FROM catalog_visitor").await;
    assert_eq!(status(&office.admin).await, CatalogStatus::Current);
}

#[tokio::test]
async fn roles_of_other_names_are_made() {
    let (db, database) = empty_database().await;
    let roles = CatalogRoles::with_prefix("elsewhere").expect("names");
    CatalogMigrator::new(roles).up(&db).await.expect("up");
    let router = connect_as("elsewhere_router", &database).await;
    router.execute_unprepared("SELECT FROM tenancy_catalog.organizations").await.expect("it may read");
    let refused = router.execute_unprepared("BEGIN READ WRITE; DELETE FROM tenancy_catalog.placements").await;
    assert!(
        refused.expect_err("it may not write").to_string().contains("permission denied"),
        "and no setting alone holds it"
    );
}

/// One database holds tenants and the catalog.
#[tokio::test]
async fn beside_tenants_neither_knows_of_the_other() {
    let world = World::new().await;
    let registry = Registry::collect().expect("the sample");
    let tenants = TenantMigrator::new(&registry).expect("a migrator");
    let catalog = migrator();
    catalog.up(&world.admin).await.expect("up");
    assert!(tenants.plan(&world.admin).await.expect("a plan").is_empty(), "tenancy has nothing to do");
    let database = TenantDatabase::builder(world.database.url(&application_role())).registry(registry.clone());
    database.build().await.expect("the preflight finds nothing");
    let mut connection = sqlx::PgConnection::connect(&world.database.superuser_url()).await.expect("connected");
    let verifier = Verifier::new(Scope::of_registry(&registry, tenants.roles()));
    let report = verifier.run(&mut connection).await.expect("verified");
    assert!(report.findings().iter().all(|finding| !finding.to_string().contains("tenancy_catalog")), "{report}");
    assert!(!report.fails(), "{report}");

    execute(&world.admin, "INSERT INTO tenancy_catalog.placements VALUES ('eu', 'shared')").await;
    tenants.fresh(&world.admin).await.expect("fresh");
    tenants.reset(&world.admin).await.expect("reset");
    assert_eq!(status(&world.admin).await, CatalogStatus::Current);
    assert_eq!(texts(&world.admin, "SELECT name FROM tenancy_catalog.placements").await, ["eu"]);
    tenants.up(&world.admin, None).await.expect("up");
    catalog.down(&world.admin, false).await.expect("down");
    assert!(tenants.plan(&world.admin).await.expect("a plan").is_empty());
    TenantDatabase::builder(world.database.url(&application_role()))
        .registry(registry)
        .build()
        .await
        .expect("still safe");
}

#[tokio::test]
async fn no_role_of_tenants_can_name_a_table_of_it() {
    let world = World::new().await;
    migrator().up(&world.admin).await.expect("up");
    for role in ["tenancy_app", "tenancy_admin", "tenancy_reporting", "tenancy_migrator"] {
        let db = connect_as(role, &world.database).await;
        for statement in [
            "SELECT FROM tenancy_catalog.organizations",
            "SELECT 'tenancy_catalog.organizations'::regclass",
            "SELECT tenancy_catalog.refuse_truncate()",
        ] {
            let refused = db.execute_unprepared(statement).await.expect_err(role).to_string();
            assert!(refused.contains("permission denied for schema tenancy_catalog"), "{role}: {statement}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_router_comes_in_where_everybody_was_shut_out() {
    let (db, database) = empty_database().await;
    execute(&db, &format!("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", database.name())).await;
    let registry = Registry::collect().expect("the sample");
    let tenants = TenantMigrator::new(&registry).expect("a migrator");
    tenants.up(&db, None).await.expect("up");
    migrator().up(&db).await.expect("up");
    connect_as("tenancy_router", &database)
        .await
        .execute_unprepared("SELECT FROM tenancy_catalog.placements")
        .await
        .expect("it reads");
    assert!(tenants.plan(&db).await.expect("a plan").is_empty(), "its right to connect is no matter of tenancy");
}
