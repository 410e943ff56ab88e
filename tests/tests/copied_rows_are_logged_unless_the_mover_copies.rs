//! COPY leaves one entry for each organisation of which it brought rows, whoever runs it; the mover's alone leaves none.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tenant_core::TenantId;
use tenant_migration::RoleNames;

use crate::support::{Entries, World, application_role, texts};

/// As COPY reads them, from a number on.
fn molecules(organization: TenantId, from: u32, count: u32) -> String {
    let row = |n| format!("00000000-0000-0000-0000-{n:012}\t{organization}\tCOPIED-{n}\tcopied\tSmall molecule\n");
    (from..from + count).map(row).collect()
}

async fn copy(connection: &mut PgConnection, rows: &str) -> Result<u64, sqlx::Error> {
    let sql = "COPY molecules (id, organization_id, external_ref, name, molecule_type) FROM STDIN";
    let mut copy = connection.copy_in_raw(sql).await?;
    copy.send(rows.as_bytes()).await?;
    copy.finish().await
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap_or_else(|failure| panic!("{failure}: {sql}"));
}

/// Three rows of one organisation and two of the other, mixed.
fn mixed(world: &World, from: u32) -> String {
    let of = |world: &World, n| if n % 2 == 0 { world.acme.id } else { world.beta.id };
    (0..5).map(|n| molecules(of(world, n), from + n, 1)).collect()
}

#[tokio::test]
async fn the_movers_copy_leaves_no_entry_and_anybody_elses_one_for_each_organisation() {
    let world = World::new().await;
    let log = Entries::new(&world.admin).await;
    let mut connection =
        PgConnection::connect(&world.database.superuser_url()).await.expect("a superuser's connection");
    let mover = RoleNames::default().mover().to_string();

    execute(&mut connection, &format!("SET SESSION AUTHORIZATION {mover}")).await;
    assert_eq!(copy(&mut connection, &mixed(&world, 1_000)).await.expect("copied"), 5);
    assert_eq!(log.come().await, [""; 0]);

    execute(&mut connection, "RESET SESSION AUTHORIZATION").await;
    assert_eq!(copy(&mut connection, &mixed(&world, 2_000)).await.expect("copied"), 5);
    let each = ["insert 1 public.molecules 3", "insert 2 public.molecules 2"];
    assert_eq!(log.come().await, each);

    // The mover is who has logged in, not whom a session takes on.
    execute(&mut connection, &format!("SET ROLE {mover}")).await;
    assert_eq!(copy(&mut connection, &mixed(&world, 3_000)).await.expect("copied"), 5);
    assert_eq!(log.come().await, each);
}

#[tokio::test]
async fn a_copy_that_brings_nothing_or_is_broken_off_leaves_no_entry() {
    let world = World::new().await;
    let log = Entries::new(&world.admin).await;
    let mut connection =
        PgConnection::connect(&world.database.superuser_url()).await.expect("a superuser's connection");
    assert_eq!(copy(&mut connection, "").await.expect("copied"), 0);
    let twice = molecules(world.acme.id, 1, 1).repeat(2);
    copy(&mut connection, &twice).await.expect_err("the same row twice");
    assert_eq!(log.come().await, [""; 0]);
    let copied = "SELECT count(*)::text FROM molecules WHERE external_ref LIKE 'COPIED-%'";
    assert_eq!(texts(&world.admin, copied).await, ["0"]);
}

/// With policies, PostgreSQL itself doesn't copy in.
#[tokio::test]
async fn the_application_copies_nothing_in() {
    let world = World::new().await;
    let url = world.database.url(&application_role());
    let mut connection = PgConnection::connect(&url).await.expect("the application's connection");
    execute(&mut connection, &format!("SET tenancy.tenant_id = '{}'", world.acme.id)).await;
    let refused = copy(&mut connection, &molecules(world.acme.id, 1, 1)).await.expect_err("row-level security");
    assert_eq!(refused.as_database_error().and_then(|refused| refused.code()).as_deref(), Some("0A000"), "{refused}");
}
