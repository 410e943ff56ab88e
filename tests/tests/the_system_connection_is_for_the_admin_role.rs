//! The system connection is opened by the admin role alone, held by the policies that ask for a reason; everything else is
//! refused with what repairs it.

use tenant_core::{DatabaseError, SystemDatabase, TenantDatabase};
use tenant_testkit::{Cluster, PgBouncer, PoolMode};

use crate::support::{World, admin_role, application_role, because, execute, own_server, system, texts};

async fn refusal(url: String) -> String {
    match SystemDatabase::builder(url).build().await {
        Ok(_) => panic!("opened"),
        Err(DatabaseError::Preflight(refusal)) => refusal.to_string(),
        Err(other) => panic!("another error: {other}"),
    }
}

fn assert_says(refusal: &str, part: &str) {
    assert!(refusal.contains(part), "`{part}` is not in: {refusal}");
}

/// What is said after `sql` was run on a sound database.
async fn after(sql: &str) -> String {
    let database = World::empty().await;
    execute(&database.admin().await.expect("a superuser's connection"), sql).await;
    refusal(database.url(&admin_role())).await
}

#[tokio::test]
async fn the_admin_role_is_let_in_also_behind_a_transaction_pooler() {
    let world = World::on(own_server().await).await;
    let bouncer = PgBouncer::builder(world.database.cluster()).pool_mode(PoolMode::Transaction).pool_size(2).start();
    let bouncer = bouncer.await.expect("a PgBouncer");
    system(&world).await.close().await;
    let pooled = SystemDatabase::builder(bouncer.url(&admin_role(), world.database.name())).build().await;
    let across = pooled.expect("safe").across_tenants(&because("a test")).await.expect("a transaction");
    assert_eq!(texts(&across, "SELECT count(*)::text FROM molecules").await, ["6"]);
}

#[tokio::test]
async fn other_roles_are_not() {
    let database = World::empty().await;
    let said = refusal(database.url(&application_role())).await;
    assert_says(&said, "role tenancy_app may not execute tenancy.system_access(), which the admin role alone may");
    assert_eq!(said.lines().count(), 2, "nothing else needs to be said: {said}");
    let said = refusal(database.superuser_url()).await;
    assert_says(&said, "is a superuser, whom row-level security does not hold: connect as the admin role");
}

#[tokio::test]
async fn the_admin_role_serves_no_tenants() {
    let database = World::empty().await;
    let refused = TenantDatabase::builder(database.url(&admin_role())).build().await.expect_err("a refusal");
    assert_says(
        &refused.to_string(),
        "the policy system_access on table public.molecules shows tenancy_admin more than one tenant",
    );
}

#[tokio::test]
async fn a_database_without_the_frameworks_functions() {
    // The roles are the cluster's, and exist once the sample was migrated anywhere in it.
    drop(World::empty().await);
    let empty = Cluster::shared().await.expect("a PostgreSQL").empty_database().await.expect("a database");
    let said = refusal(empty.url(&admin_role())).await;
    assert_says(&said, "the function tenancy.system_access() is missing: run the deploy binary, `migrate up`");
}

#[tokio::test]
async fn a_role_that_is_more_than_the_admin_role() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    for (change, said) in [
        ("ALTER ROLE :role BYPASSRLS", "has BYPASSRLS"),
        ("ALTER ROLE :role CREATEROLE", "has CREATEROLE"),
        ("GRANT tenancy_app TO :role", "is a member of tenancy_app, which restrictive policies hold to one tenant"),
        ("GRANT tenancy_owner TO :role", "owns tenancy.system_access(), its schema or the database, or is a member"),
        ("GRANT tenancy_mover TO :role", "can become tenancy_mover, which has BYPASSRLS"),
    ] {
        let role = format!("unsafe_{}", uuid::Uuid::new_v4().simple());
        execute(&admin, &format!("CREATE ROLE {role} LOGIN IN ROLE tenancy_admin")).await;
        SystemDatabase::builder(database.url(&role)).build().await.expect("a role with the admin role's rights");
        execute(&admin, &change.replace(":role", &role)).await;
        let refusal = refusal(database.url(&role)).await;
        execute(&admin, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
        assert_says(&refusal, said);
    }
}

#[tokio::test]
async fn uses_that_could_not_be_logged() {
    let unlogged = "tenancy.record_system_access(uuid) is missing, not what the framework made, or not for role";
    let revoked = "REVOKE EXECUTE ON FUNCTION tenancy.record_system_access(uuid) FROM tenancy_admin";
    assert_says(&after(revoked).await, unlogged);
    assert_says(&after("DROP FUNCTION tenancy.record_system_access(uuid)").await, unlogged);
    assert_says(&after("ALTER FUNCTION tenancy.record_system_access(uuid) SECURITY INVOKER").await, unlogged);
}

#[tokio::test]
async fn a_function_that_lets_everybody_through() {
    let said = after(
        "CREATE OR REPLACE FUNCTION tenancy.system_access() RETURNS boolean LANGUAGE plpgsql STABLE
         SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN true; END $$",
    )
    .await;
    assert_says(&said, "tenancy.system_access() is not what the framework made: it answers an unbound session");
}

#[tokio::test]
async fn a_function_that_lets_nobody_through() {
    let said = after(
        "CREATE OR REPLACE FUNCTION tenancy.system_access() RETURNS boolean LANGUAGE plpgsql STABLE
         SET search_path = pg_catalog, pg_temp AS $$ BEGIN
           IF current_setting('tenancy.reason', true) = '' THEN RAISE insufficient_privilege; END IF; RETURN false; END $$",
    )
    .await;
    assert_says(&said, "it does not let through who has a reason");
}

#[tokio::test]
async fn sessions_that_have_a_reason_from_the_start() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    execute(&admin, &format!("ALTER DATABASE \"{}\" SET tenancy.reason = 'always'", database.name())).await;
    let said = refusal(database.url(&admin_role())).await;
    assert_says(&said, "are already bound, by tenancy.reason = `always`");
    assert_says(&said, "RESET tenancy.reason");
}

#[tokio::test]
async fn what_was_changed_since_the_last_deploy() {
    assert_says(&after("DROP POLICY system_access ON molecules").await, "changed since the last `migrate up`");
}

#[tokio::test]
async fn a_way_that_anybody_can_listen_on() {
    let url = "postgres://tenancy_admin:geheim@db.example/x?sslmode=require";
    let failure = SystemDatabase::builder(url).build().await.expect_err("a weak sslmode");
    assert!(matches!(failure, DatabaseError::Transport(_)), "{failure}");
}
