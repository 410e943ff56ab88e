//! A database goes to what the entities say and back, as often as one likes, as a superuser and as the migrator role.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tenant_core::Registry;
use tenant_migration::{RoleNames, TenantMigrator};

use crate::support::{connect_as, empty_database, texts};

fn migrator(roles: &str) -> TenantMigrator {
    let roles = RoleNames::with_prefix(roles).expect("valid names");
    TenantMigrator::builder(&Registry::collect().expect("the sample's models"))
        .roles(roles)
        .build()
        .expect("a plan can be made")
}

/// Every object, column, constraint, policy and grant outside the system's schemas, one a line.
async fn catalog(db: &DatabaseConnection) -> Vec<String> {
    texts(db, include_str!("catalog.sql")).await
}

#[tokio::test]
async fn down_takes_back_what_up_has_made_and_up_makes_it_again() {
    let (db, database) = empty_database().await;
    let migrator = migrator("walk");
    migrator.up(&db, None).await.expect("up as a superuser");
    let made = catalog(&db).await;
    assert!(made.iter().any(|line| line.contains("tenant_floor")), "{made:#?}");
    migrator.up(&db, None).await.expect("up again does nothing");

    for (who, db) in [("a superuser", &db), ("the migrator role", &connect_as("walk_migrator", &database).await)] {
        migrator.down(db, Some(1)).await.unwrap_or_else(|error| panic!("down as {who}: {error}"));
        let tables = texts(
            db,
            "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
        )
        .await;
        assert_eq!(tables, ["seaql_migrations"], "{who}");
        for round in 1..=2 {
            migrator.up(db, None).await.unwrap_or_else(|error| panic!("up as {who}: {error}"));
            assert_eq!(catalog(db).await, made, "up, round {round}, as {who}");
            migrator.refresh(db).await.unwrap_or_else(|error| panic!("refresh as {who}: {error}"));
            assert_eq!(catalog(db).await, made, "refresh, round {round}, as {who}");
            migrator.fresh(db).await.unwrap_or_else(|error| panic!("fresh as {who}: {error}"));
            assert_eq!(catalog(db).await, made, "fresh, round {round}, as {who}");
        }
    }
}

#[tokio::test]
async fn reset_leaves_no_table_and_no_schema_of_the_framework() {
    let (db, database) = empty_database().await;
    let empty = catalog(&db).await;
    let migrator = migrator("walk_reset");
    migrator.up(&db, None).await.expect("up");
    for db in [&db, &connect_as("walk_reset_migrator", &database).await] {
        migrator.reset(db).await.expect("reset");
        assert_eq!(catalog(db).await, empty);
        migrator.reset(db).await.expect("reset of nothing");
        migrator.up(db, None).await.expect("up again, as the same role");
    }
}

#[tokio::test]
async fn the_record_of_migrations_is_closed_to_the_application() {
    let (db, database) = empty_database().await;
    migrator("walk_record").up(&db, None).await.expect("up");
    for role in ["walk_record_app", "walk_record_admin", "walk_record_reporting"] {
        let db = connect_as(role, &database).await;
        assert_eq!(texts(&db, "SELECT current_user::text").await, [role]);
        for statement in ["SELECT * FROM seaql_migrations", "BEGIN READ WRITE; DELETE FROM seaql_migrations"] {
            let refused = db.execute_unprepared(statement).await.expect_err(role).to_string();
            assert!(refused.contains("permission denied for table seaql_migrations"), "{role}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_role_of_the_running_application_may_not_migrate() {
    let (db, database) = empty_database().await;
    let migrator = migrator("walk_roles");
    migrator.up(&db, None).await.expect("up");
    for role in ["walk_roles_app", "walk_roles_admin", "walk_roles_reporting"] {
        let refused = migrator.down(&connect_as(role, &database).await, Some(1)).await.expect_err(role).to_string();
        assert!(
            refused.contains(&format!("connected as `{role}`")) && refused.contains("`walk_roles_migrator`"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_first_run_without_the_right_to_make_roles_names_them() {
    let (db, database) = empty_database().await;
    migrator("walk_somebody").up(&db, None).await.expect("up");
    let somebody = connect_as("walk_somebody_migrator", &database).await;
    let refused = migrator("walk_missing").up(&somebody, None).await.expect_err("no right").to_string();
    for expected in ["walk_missing_owner", "walk_missing_mover", "`walk_somebody_migrator`", "as a superuser"] {
        assert!(refused.contains(expected), "{refused}");
    }
}

#[tokio::test]
async fn a_role_that_is_more_than_it_should_be_is_refused_with_the_command_that_repairs_it() {
    let (db, _database) = empty_database().await;
    let make = |sql: &'static str| async { db.execute_unprepared(sql).await.expect(sql) };
    make(
        "DO $$ BEGIN
           IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'walk_unsafe_app') THEN CREATE ROLE walk_unsafe_app; END IF;
         END $$",
    )
    .await;
    let cases = [
        ("ALTER ROLE walk_unsafe_app BYPASSRLS", "ALTER ROLE walk_unsafe_app WITH NOBYPASSRLS"),
        ("ALTER ROLE walk_unsafe_app SUPERUSER", "ALTER ROLE walk_unsafe_app WITH NOSUPERUSER NOBYPASSRLS"),
        (
            "ALTER ROLE walk_unsafe_app NOSUPERUSER NOBYPASSRLS; GRANT pg_read_all_data TO walk_unsafe_app",
            "REVOKE pg_read_all_data FROM walk_unsafe_app",
        ),
    ];
    for (harm, repair) in cases {
        make(harm).await;
        let refused = migrator("walk_unsafe").up(&db, None).await.expect_err(harm).to_string();
        assert!(refused.contains(repair), "{harm}: {refused}");
    }
    make("REVOKE pg_read_all_data FROM walk_unsafe_app").await;
    migrator("walk_unsafe").up(&db, None).await.expect("a repaired role is taken");
}

#[tokio::test]
async fn the_first_runs_on_two_databases_of_a_cluster_do_not_disturb_each_other() {
    let (first, _one) = empty_database().await;
    let (second, _other) = empty_database().await;
    let drop_roles = "DO $$ DECLARE role text; BEGIN
        FOR role IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'walk\\_pair\\_%' LOOP
          EXECUTE format('DROP ROLE %I', role);
        END LOOP; END $$";
    first.execute_unprepared(drop_roles).await.expect("no database uses them");
    let (migrator, other) = (migrator("walk_pair"), migrator("walk_pair"));
    let done = tokio::join!(migrator.up(&first, None), other.up(&second, None));
    done.0.expect("the first");
    done.1.expect("the second");
}
