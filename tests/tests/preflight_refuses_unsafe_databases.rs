//! A program doesn't start on a database where isolation would not hold, and says what is wrong and what repairs it.

use sea_orm::ConnectionTrait;
use tenant_core::{DatabaseError, TenantDatabase};
use tenant_testkit::{Cluster, Database};

use crate::support::{World, application_role, execute};

async fn refusal(url: String) -> String {
    match TenantDatabase::builder(url).build().await {
        Ok(_) => panic!("started on an unsafe database"),
        Err(DatabaseError::Preflight(refusal)) => refusal.to_string(),
        Err(other) => panic!("another error: {other}"),
    }
}

/// What the preflight says after `sql` was run on a sound database.
async fn after(sql: &str) -> String {
    let database = World::empty().await;
    execute(&database.admin().await.expect("a superuser's connection"), sql).await;
    refusal(database.url(&application_role())).await
}

fn assert_names(refusal: &str, parts: &[&str]) {
    for part in parts {
        assert!(refusal.contains(part), "`{part}` is not in: {refusal}");
    }
}

#[tokio::test]
async fn a_sound_database_is_accepted() {
    let database = World::empty().await;
    TenantDatabase::builder(database.url(&application_role())).build().await.expect("a sound database");
}

#[tokio::test]
async fn an_unmigrated_database() {
    let cluster = Cluster::shared().await.expect("a PostgreSQL");
    // The roles are the cluster's, and exist once the sample was migrated anywhere in it.
    drop(World::empty().await);
    let database: Database = cluster.empty_database().await.expect("a database");
    assert_names(&refusal(database.url(&application_role())).await, &["schema `tenancy` is missing", "migrate up"]);
}

#[tokio::test]
async fn a_superuser() {
    let database = World::empty().await;
    assert_names(&refusal(database.superuser_url()).await, &["is a superuser", "connect as the application's role"]);
}

#[tokio::test]
async fn a_forgotten_force() {
    let said = after("ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY").await;
    assert_names(&said, &["not forced on table public.molecules", "FORCE ROW LEVEL SECURITY"]);
}

#[tokio::test]
async fn row_level_security_switched_off() {
    let said = after("ALTER TABLE molecules DISABLE ROW LEVEL SECURITY").await;
    assert_names(&said, &["not enabled on table public.molecules"]);
}

#[tokio::test]
async fn a_forgotten_floor() {
    let said = after(
        "DO $$ DECLARE p name; BEGIN FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'users'::regclass AND NOT polpermissive
         LOOP EXECUTE format('DROP POLICY %I ON users', p); END LOOP; END $$",
    )
    .await;
    assert_names(&said, &["public.users has no restrictive policy", "organization_id = ", "migrate up"]);
}

#[tokio::test]
async fn a_floor_with_another_condition() {
    let said = after(
        "DO $$ DECLARE p name; BEGIN FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'users'::regclass AND NOT polpermissive
         LOOP EXECUTE format('ALTER POLICY %I ON users USING (true)', p); END LOOP; END $$",
    )
    .await;
    assert_names(&said, &["public.users has no restrictive policy"]);
}

#[tokio::test]
async fn a_forgotten_permissive_policy() {
    let said = after(
        "DO $$ DECLARE p name; BEGIN FOR p IN SELECT polname FROM pg_policy WHERE polrelid = 'users'::regclass AND polpermissive
         LOOP EXECUTE format('DROP POLICY %I ON users', p); END LOOP; END $$",
    )
    .await;
    assert_names(&said, &["public.users has no permissive policy"]);
}

#[tokio::test]
async fn a_missing_table() {
    let said = after("DROP TABLE memberships").await;
    assert_names(&said, &["table public.memberships is missing", "migrate up"]);
}

#[tokio::test]
async fn a_view_in_a_tables_place() {
    let said = after("ALTER TABLE memberships RENAME TO m; CREATE VIEW memberships AS SELECT * FROM m").await;
    assert_names(&said, &["public.memberships is not a table", "`v`"]);
}

#[tokio::test]
async fn a_tenant_column_that_may_be_null() {
    let said = after(
        "ALTER TABLE job_results DROP CONSTRAINT job_results_pkey; ALTER TABLE job_results ALTER organization_id DROP NOT NULL",
    )
    .await;
    assert_names(&said, &["column organization_id of table public.job_results", "NOT NULL"]);
}

#[tokio::test]
async fn a_shared_table_that_can_be_written() {
    let said = after("GRANT INSERT ON targets TO tenancy_app").await;
    assert_names(&said, &["right INSERT on table public.targets", "REVOKE INSERT"]);
}

#[tokio::test]
async fn a_right_that_goes_round_the_policies() {
    let said = after("GRANT TRUNCATE ON molecules TO PUBLIC").await;
    assert_names(&said, &["right TRUNCATE on table public.molecules"]);
}

#[tokio::test]
async fn sessions_that_are_bound_from_the_start() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    let name = database.name();
    execute(
        &admin,
        &format!("ALTER DATABASE \"{name}\" SET tenancy.tenant_id = '00000000-0000-0000-0000-000000000001'"),
    )
    .await;
    assert_names(&refusal(database.url(&application_role())).await, &["already bound", "RESET tenancy.tenant_id"]);
}

/// Roles are the cluster's, so these change roles of their own, not the application's.
#[tokio::test]
async fn a_role_with_a_way_round() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    for (attribute, said) in [
        ("BYPASSRLS", "has BYPASSRLS"),
        ("CREATEROLE", "has CREATEROLE"),
        ("REPLICATION", "has REPLICATION"),
        ("IN ROLE tenancy_owner", "owns table public.molecules, or is a member of its owner tenancy_owner"),
        ("IN ROLE tenancy_mover", "is a member of tenancy_mover, which has BYPASSRLS"),
    ] {
        let role = format!("unsafe_{}", uuid::Uuid::new_v4().simple());
        execute(&admin, &format!("CREATE ROLE {role} LOGIN IN ROLE tenancy_app")).await;
        let alter = match attribute.strip_prefix("IN ROLE ") {
            Some(group) => format!("GRANT {group} TO {role}"),
            None => format!("ALTER ROLE {role} {attribute}"),
        };
        execute(&admin, &alter).await;
        let refusal = refusal(database.url(&role)).await;
        execute(&admin, &format!("DROP ROLE {role}")).await;
        assert_names(&refusal, &[said]);
    }
}

#[tokio::test]
async fn a_server_that_never_answers() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let silent = TenantDatabase::builder(format!("postgres://x@127.0.0.1:{port}/x"))
        .connect_timeout(std::time::Duration::from_millis(200))
        .build();
    let failure = silent.await.expect_err("no answer").to_string();
    assert_names(&failure, &["no answer within 200ms", "database x on 127.0.0.1"]);
}

#[tokio::test]
async fn settings_that_cannot_work() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    admin.execute_unprepared("SELECT 1").await.expect("an answer");
    for (url, said) in [
        ("mysql://localhost/x".to_owned(), "not of the form postgres://"),
        (
            "postgres://nobody@127.0.0.1:1/x".to_owned(),
            "can't connect to database x on 127.0.0.1 port 1 as role nobody",
        ),
        (database.url("no_such_role"), "as role no_such_role"),
    ] {
        let failure = TenantDatabase::builder(url).build().await.expect_err("unusable").to_string();
        assert!(failure.contains(said), "{failure}");
    }
    let failure = TenantDatabase::builder(database.url(&application_role())).max_connections(0).build().await;
    assert!(matches!(failure, Err(DatabaseError::NoConnections)));
}
