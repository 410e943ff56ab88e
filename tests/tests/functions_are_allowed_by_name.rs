//! A function of the application's own is called only where it was allowed, and no disguise gets around that.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tenant_core::{DatabaseError, TenantConnection, TenantContext, TenantDatabase};
use tenant_migration::TenantMigrator;

use crate::support::{World, application_role, execute};

async fn connect(world: &World, functions: &[&str]) -> Result<TenantConnection, DatabaseError> {
    let builder = TenantDatabase::builder(world.database.url(&application_role())).registry(world.registry.clone());
    let builder = functions.iter().fold(builder, |builder, name| builder.allow_function(*name));
    Ok(builder.build().await?.connect(TenantContext::new(world.acme.id)))
}

async fn ask(db: &TenantConnection, sql: &str) -> Result<Vec<String>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// A world with a function that sees all tenants' rows, as one's author must not write it.
async fn leaking() -> World {
    let world = World::new().await;
    for argument in ["molecules", "text"] {
        let function = format!(
            "CREATE FUNCTION public.leak({argument}) RETURNS text LANGUAGE sql SECURITY DEFINER
             AS 'SELECT string_agg(organization_id || name, '','') FROM public.molecules'"
        );
        execute(&world.admin, &function).await;
    }
    // The record of the posture knows what reaches past row-level security.
    let migrator = TenantMigrator::new(&world.registry).expect("a generated schema");
    migrator.up(&world.admin, None).await.expect("recorded");
    world
}

#[tokio::test]
async fn only_in_the_spelling_that_was_allowed() {
    let world = leaking().await;
    execute(&world.admin, "CREATE FUNCTION public.shout(text) RETURNS text LANGUAGE sql AS 'SELECT upper($1)'").await;
    let db = connect(&world, &["shout", "public.shout"]).await.unwrap();
    for call in ["shout('a')", "public.shout('a')", "SHOUT('a')"] {
        assert_eq!(ask(&db, &format!("SELECT {call}")).await.unwrap(), ["A"]);
    }
    let refused = ask(&world.acme.db, "SELECT shout('a')").await.expect_err("not allowed").to_string();
    assert!(refused.contains("function shout") && refused.contains("`allow_function`"), "{refused}");
}

#[tokio::test]
async fn not_as_a_field() {
    let world = leaking().await;
    let disguises = [
        "SELECT m.leak, 1 AS leak FROM molecules m",
        "SELECT (m).leak, 1 AS leak FROM molecules m",
        "SELECT (m.name).leak, 1 AS leak FROM molecules m",
        "SELECT (coalesce(m, m)).leak, 1 AS leak FROM molecules m",
        "SELECT public.molecules.leak, 1 AS leak FROM molecules",
        "SELECT (d.m).leak, 1 AS leak FROM (SELECT m FROM molecules m) d",
        "UPDATE molecules m SET name = m.leak FROM (SELECT 1 AS leak) d",
        "INSERT INTO molecules AS m (id) VALUES (gen_random_uuid()) RETURNING m.leak AS leak",
    ];
    for sql in disguises {
        let really = world.admin.execute_unprepared(&format!("BEGIN; {sql}; ROLLBACK")).await.map(drop);
        let refused = ask(&world.acme.db, sql).await.expect_err(sql).to_string();
        assert!(refused.contains("could call a function of that name"), "{sql}: {refused}");
        // Those that PostgreSQL takes are what the filter is for; an INSERT of no organisation is none.
        assert!(really.is_ok() || sql.starts_with("INSERT"), "{sql}: {really:?}");
    }
}

#[tokio::test]
async fn never_one_that_would_open_a_wall() {
    let world = World::new().await;
    for (name, why) in [
        ("set_config", "can bind the session to another tenant"),
        ("query_to_xml", "runs SQL that the filter doesn't see"),
        ("extensions.dblink", "runs SQL that the filter doesn't see"),
        ("f()", "is no function's name"),
    ] {
        let error = connect(&world, &[name]).await.expect_err(name);
        assert!(matches!(error, DatabaseError::Function(_)) && error.to_string().contains(why), "{error}");
    }
}
