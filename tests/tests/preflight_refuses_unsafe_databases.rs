//! A program doesn't start on a database where isolation would not hold, and says what is wrong and what repairs it.

use sea_orm::ConnectionTrait;
use tenant_core::{DatabaseError, PoolSettingsError, TenantDatabase};
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
    assert_names(
        &refusal(database.url(&application_role())).await,
        &["tenancy.current_tenant() is missing", "migrate up"],
    );
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
    assert_names(
        &said,
        &[
            "public.users has no restrictive policy",
            "CREATE POLICY tenant_floor ON public.users AS RESTRICTIVE",
            "(organization_id = ",
        ],
    );
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
async fn a_floor_for_writers_alone() {
    let said = after(
        "DROP POLICY tenant_floor ON users;
         CREATE POLICY tenant_floor ON users AS RESTRICTIVE TO tenancy_app
         WITH CHECK (organization_id = (SELECT tenancy.current_tenant()))",
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
    for (change, said) in [
        ("ALTER ROLE :role BYPASSRLS", "has BYPASSRLS"),
        ("ALTER ROLE :role CREATEROLE", "has CREATEROLE"),
        ("ALTER ROLE :role REPLICATION", "has REPLICATION"),
        ("GRANT tenancy_owner TO :role", "owns table public.molecules, or is a member of its owner tenancy_owner"),
        (
            "GRANT pg_execute_server_program TO :role",
            "can become pg_execute_server_program, which can reach the server's files",
        ),
        ("GRANT pg_read_all_data TO :role", "can become pg_read_all_data, which can read"),
        ("GRANT pg_write_all_data TO :role", "can become pg_write_all_data, which can write"),
        ("GRANT pg_monitor TO :role", "can become pg_read_all_stats, which sees the statements"),
        (
            "GRANT tenancy_admin TO :role",
            "the policy system_access on table public.molecules shows tenancy_admin more than one tenant",
        ),
        ("GRANT tenancy_mover TO :role", "can become tenancy_mover, which has BYPASSRLS"),
        (
            "GRANT SET ON PARAMETER session_replication_role TO :role",
            "REVOKE SET ON PARAMETER session_replication_role FROM",
        ),
    ] {
        let role = format!("unsafe_{}", uuid::Uuid::new_v4().simple());
        execute(&admin, &format!("CREATE ROLE {role} LOGIN IN ROLE tenancy_app")).await;
        execute(&admin, &change.replace(":role", &role)).await;
        let refusal = refusal(database.url(&role)).await;
        execute(&admin, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
        assert_names(&refusal, &[said]);
    }
}

#[tokio::test]
async fn sessions_without_triggers() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    execute(&admin, &format!("ALTER DATABASE \"{}\" SET session_replication_role = replica", database.name())).await;
    let said = refusal(database.url(&application_role())).await;
    assert_names(&said, &["session_replication_role is `replica`", "RESET session_replication_role"]);
}

#[tokio::test]
async fn a_superuser_in_the_applications_clothes() {
    let database = World::empty().await;
    let admin = database.admin().await.expect("a superuser's connection");
    let role = format!("unsafe_{}", uuid::Uuid::new_v4().simple());
    execute(&admin, &format!("CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET role = tenancy_app")).await;
    let said = refusal(database.url(&role)).await;
    execute(&admin, &format!("DROP ROLE {role}")).await;
    assert_names(&said, &[&format!("role {role} is a superuser")]);
}

#[tokio::test]
async fn a_function_that_is_not_the_frameworks() {
    let like =
        "CREATE OR REPLACE FUNCTION tenancy.current_tenant() RETURNS uuid STABLE SET search_path = pg_catalog, pg_temp";
    let bound = "nullif(current_setting('tenancy.tenant_id', true), '')::uuid";
    let one = "'00000000-0000-0000-0000-000000000001'::uuid";
    let unbound = "IF current_setting('tenancy.tenant_id', true) = '' THEN RAISE insufficient_privilege; END IF;";
    for (change, how) in [
        (format!("{like} LANGUAGE sql AS $$ SELECT {bound} $$"), "not written in plpgsql"),
        (
            format!("{like} LANGUAGE plpgsql AS $$ BEGIN RETURN coalesce({bound}, {one}); END $$"),
            "answers an unbound session",
        ),
        (
            format!("{like} LANGUAGE plpgsql AS $$ BEGIN {unbound} RETURN {one}; END $$"),
            "does not answer the tenant that is bound",
        ),
        ("ALTER FUNCTION tenancy.current_tenant() VOLATILE".to_owned(), "it is not STABLE"),
        ("ALTER FUNCTION tenancy.current_tenant() SECURITY DEFINER".to_owned(), "it is SECURITY DEFINER"),
        ("ALTER FUNCTION tenancy.current_tenant() RESET search_path".to_owned(), "its search_path is not pinned"),
    ] {
        let said = after(&change).await;
        assert_names(&said, &["tenancy.current_tenant() is not what the framework made", how]);
    }
}

#[tokio::test]
async fn a_role_that_could_change_what_policies_ask() {
    for change in
        ["ALTER FUNCTION tenancy.current_tenant() OWNER TO tenancy_app", "ALTER SCHEMA tenancy OWNER TO tenancy_app"]
    {
        assert_names(
            &after(change).await,
            &["role tenancy_app owns tenancy.current_tenant(), its schema or the database"],
        );
    }
    let said = after("REVOKE EXECUTE ON FUNCTION tenancy.current_tenant() FROM tenancy_app").await;
    assert_names(&said, &["may not execute tenancy.current_tenant()", "GRANT EXECUTE"]);
}

#[tokio::test]
async fn rights_to_make_objects() {
    for (grant, right) in [
        ("GRANT CREATE ON SCHEMA public TO tenancy_app", "CREATE on schema public"),
        ("GRANT CREATE ON SCHEMA tenancy TO tenancy_app", "CREATE on schema tenancy"),
        (
            "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$",
            "TEMPORARY on database",
        ),
        (
            "DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO tenancy_app', current_database()); END $$",
            "CREATE on database",
        ),
    ] {
        assert_names(&after(grant).await, &["role tenancy_app has the right", right, "REVOKE"]);
    }
}

#[tokio::test]
async fn columns_of_a_shared_table_that_can_be_written() {
    let said = after("GRANT INSERT (code, name) ON targets TO tenancy_app").await;
    assert_names(&said, &["right INSERT on table public.targets"]);
}

#[tokio::test]
async fn a_unique_index_that_tells() {
    let said = after("CREATE UNIQUE INDEX told ON molecules (external_ref)").await;
    assert_names(
        &said,
        &["unique index public.told of table public.molecules lacks the tenant column organization_id"],
    );
}

#[tokio::test]
async fn a_unique_index_that_only_carries_the_tenant() {
    let said = after("CREATE UNIQUE INDEX told ON molecules (external_ref) INCLUDE (organization_id)").await;
    assert_names(&said, &["unique index public.told of table public.molecules lacks the tenant column"]);
}

/// Adoption lets old keys stay while it observes; a policy that is only called like its own doesn't.
#[tokio::test]
async fn a_unique_index_beside_a_policy_that_observes_nothing() {
    let harm = "CREATE UNIQUE INDEX told ON molecules (external_ref);
        CREATE POLICY tenancy_observation ON molecules TO tenancy_owner USING (false)";
    let told = "unique index public.told of table public.molecules lacks the tenant column organization_id";
    assert_names(&after(harm).await, &[told]);
}

#[tokio::test]
async fn a_policy_that_only_looks_right() {
    let said = after(
        "CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO PUBLIC;
         CREATE FUNCTION evil.eq(uuid, uuid) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
         CREATE OPERATOR evil.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = evil.eq);
         SET search_path = evil, pg_catalog, public;
         ALTER POLICY tenant_floor ON molecules USING (organization_id = (SELECT tenancy.current_tenant())) WITH CHECK (organization_id = (SELECT tenancy.current_tenant()));
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = evil, pg_catalog, public', current_database()); END $$",
    )
    .await;
    assert_names(&said, &["public.molecules has no restrictive policy"]);
}

/// Settings of a database that change how PostgreSQL prints a policy, and nothing else.
#[tokio::test]
async fn a_sound_database_is_accepted_whatever_its_settings() {
    for setting in ["quote_all_identifiers = on", "search_path = tenancy, public", "row_security = on"] {
        let database = World::empty().await;
        let admin = database.admin().await.expect("a superuser's connection");
        execute(&admin, &format!("ALTER DATABASE \"{}\" SET {setting}", database.name())).await;
        TenantDatabase::builder(database.url(&application_role())).build().await.expect(setting);
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
    assert!(matches!(failure, Err(DatabaseError::Settings(PoolSettingsError::NoConnections))));
}
