//! The roles that the migration makes, and every right they have.

use sea_orm::ConnectionTrait;
use tenant_migration::catalog::CatalogMigrator;

use crate::functions::committed;
use crate::support::{World, texts};

#[tokio::test]
async fn attributes() {
    let world = World::new().await;
    CatalogMigrator::default().up(&world.admin).await.expect("a catalog");
    let roles = texts(
        &world.admin,
        "SELECT concat_ws(' ', rolname, CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolsuper THEN 'superuser' END,
                CASE WHEN rolbypassrls THEN 'bypassrls' END, CASE WHEN rolreplication THEN 'replication' END,
                CASE WHEN rolcreatedb THEN 'createdb' END, CASE WHEN rolcreaterole THEN 'createrole' END)
         FROM pg_roles WHERE rolname LIKE 'tenancy\\_%' ORDER BY 1",
    )
    .await;
    // The mover is enabled (LOGIN) only while an organisation moves.
    let expected = [
        "tenancy_admin login",
        "tenancy_app login",
        "tenancy_catalog_owner",
        "tenancy_migrator login",
        "tenancy_mover bypassrls replication",
        "tenancy_owner",
        "tenancy_reporting login",
        "tenancy_router login",
    ];
    assert_eq!(roles, expected);
}

#[tokio::test]
async fn memberships() {
    let world = World::new().await;
    let members = texts(
        &world.admin,
        "SELECT member::regrole || ' is a ' || roleid::regrole FROM pg_auth_members
         WHERE member::regrole::text LIKE 'tenancy\\_%' ORDER BY 1",
    )
    .await;
    assert_eq!(members, ["tenancy_migrator is a tenancy_owner", "tenancy_mover is a tenancy_owner"]);
}

#[tokio::test]
async fn rights_on_tables() {
    let world = World::new().await;
    let rights = texts(
        &world.admin,
        "SELECT DISTINCT CASE WHEN c.relname = 'targets' THEN 'shared' ELSE 'scoped' END || ' ' || a.grantee::regrole || ' ' ||
                (SELECT string_agg(b.privilege_type, ',' ORDER BY b.privilege_type) FROM aclexplode(c.relacl) b
                 WHERE b.grantee = a.grantee)
         FROM pg_class c, aclexplode(c.relacl) a
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'seaql_migrations'
           AND a.grantee <> c.relowner ORDER BY 1",
    )
    .await;
    let expected = [
        "scoped tenancy_admin DELETE,INSERT,SELECT,UPDATE",
        "scoped tenancy_app DELETE,INSERT,SELECT,UPDATE",
        "scoped tenancy_reporting SELECT",
        "shared tenancy_admin DELETE,INSERT,SELECT,UPDATE",
        "shared tenancy_app SELECT",
        "shared tenancy_reporting SELECT",
    ];
    assert_eq!(rights, expected);
}

#[tokio::test]
async fn no_rights_beyond_tables() {
    let world = World::new().await;
    for role in ["tenancy_app", "tenancy_admin", "tenancy_reporting"] {
        let rights = texts(
            &world.admin,
            &format!(
                "SELECT right_name FROM (VALUES
                    ('CREATE on the database', has_database_privilege('{role}', current_database(), 'CREATE')),
                    ('TEMP on the database', has_database_privilege('{role}', current_database(), 'TEMP')),
                    ('CREATE on public', has_schema_privilege('{role}', 'public', 'CREATE')),
                    ('CREATE on tenancy', has_schema_privilege('{role}', 'tenancy', 'CREATE')),
                    ('the migrations', has_any_column_privilege('{role}', 'seaql_migrations', 'SELECT,INSERT,UPDATE'))
                 ) AS r (right_name, held) WHERE held"
            ),
        )
        .await;
        assert_eq!(rights, Vec::<String>::new(), "{role}");
    }
}

#[tokio::test]
async fn the_functions_of_the_tenancy_schema_are_not_everybodys() {
    let world = World::new().await;
    let open = texts(
        &world.admin,
        "SELECT p.oid::regprocedure::text FROM pg_proc p
         WHERE p.pronamespace = 'tenancy'::regnamespace
           AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0)
                OR p.prosecdef AND p.proname NOT IN ('pass_fence', 'record_accesses', 'record_refused_start', 'record_system_access')
                  AND p.prorettype <> 'trigger'::regtype
                -- A body that was parsed when it was made looks nothing up any more, and what writes an entry is its owner's alone,
                -- who calls it from functions that have set theirs.
                OR p.prosqlbody IS NULL AND p.proname NOT IN ('write_entry', 'record_write')
                  AND array_to_string(p.proconfig, ' ') LIKE '%search_path=%pg\\_temp' IS NOT TRUE)",
    )
    .await;
    let beyond_the_owner = texts(
        &world.admin,
        "SELECT p.oid::regprocedure::text FROM pg_proc p, aclexplode(p.proacl) a
         WHERE p.pronamespace = 'tenancy'::regnamespace AND p.proname IN ('write_entry', 'record_write') AND a.grantee <> p.proowner",
    )
    .await;
    assert_eq!(beyond_the_owner, Vec::<String>::new());
    assert_eq!(
        open,
        Vec::<String>::new(),
        "executable by PUBLIC, security definer beside what writes the log or passes a fence, or without a pinned search_path"
    );
}

#[tokio::test]
async fn functions_that_reach_beyond_one_tenant_are_closed_to_the_application() {
    let world = World::new().await;
    let calls = [
        "pg_terminate_backend(1)",
        "pg_cancel_backend(1)",
        "pg_sleep(0)",
        "pg_advisory_xact_lock(1)",
        "pg_try_advisory_lock(1, 2)",
        "lastval()",
        "currval('pg_class')",
        "pg_export_snapshot()",
        "lo_creat(0)",
        "lo_get(1)",
        "loread(1, 1)",
        "query_to_xml('SELECT 1', true, true, '')",
        "table_to_xml('molecules', true, true, '')",
        "ts_stat('SELECT 1')",
        "ts_rewrite('a', 'SELECT 1')",
        "pg_relation_size('molecules')",
        "pg_database_size(current_database())",
        "pg_stat_get_live_tuples('molecules'::regclass)",
        "pg_stat_get_activity(NULL)",
        "pg_stat_get_backend_activity(1)",
        "pg_stat_get_db_tuples_inserted(1)",
        "pg_lock_status()",
    ];
    for role in ["tenancy_app", "tenancy_reporting"] {
        let db = world.database.plain(role).await.unwrap();
        for call in calls {
            let refused = db.execute_unprepared(&format!("SELECT {call}")).await.expect_err(call).to_string();
            assert!(refused.contains("permission denied for function"), "{role}: {call}: {refused}");
        }
        for view in ["pg_stat_activity", "pg_stat_user_tables", "pg_locks", "pg_prepared_statements"] {
            let refused = db.execute_unprepared(&format!("SELECT * FROM {view}")).await.expect_err(view).to_string();
            assert!(refused.contains("permission denied for function"), "{role}: {view}: {refused}");
        }
    }
}

#[tokio::test]
async fn no_other_function_that_reaches_beyond_one_tenant_is_open() {
    let world = World::new().await;
    // Why each of these is left to everybody, is said in SECURITY.md.
    let left = "current_setting|set_config|nextval|setval|pg_notify|pg_notification_queue_usage|pg_sequence_parameters\
        |txid_.*|pg_current_xact_id.*|pg_current_snapshot|pg_xact_.*|pg_last_committed_xact|pg_get_multixact_members\
        |pg_(current|last)_wal_.*|pg_last_xact_.*|pg_logical_emit_message|pg_advisory_unlock.*\
        |pg_stat_(clear_snapshot|force_next_flush|have_stats)|pg_stat_get_snapshot_timestamp\
        |pg_stat_get_(bgwriter|checkpoint.*|buf|slru|wal|archiver|io|replication|recovery|subscription|function)(_.*)?\
        |pg_stat_get_((last_)?(auto)?(analyze|vacuum)|total_(auto)?(analyze|vacuum))_(count|time)";
    let open = texts(
        &world.admin,
        &format!(
            "SELECT DISTINCT proname::text FROM pg_proc
             WHERE pronamespace = 'pg_catalog'::regnamespace AND prorettype <> 'trigger'::regtype
               AND (provolatile = 'v' OR proname ~ '^(pg_stat_get|txid|query_to|table_to|schema_to|database_to|ts_rew)')
               AND oid NOT IN ('pg_try_advisory_xact_lock_shared(int, int)'::regprocedure,
                               'ts_rewrite(tsquery, tsquery, tsquery)'::regprocedure)
               AND proname ~ '^(pg_(stat|advisory|try|sleep|cancel|term|not|seq|curr|export|logical_emit|xact|last|lock)|pg_.*_size$|lo_|lo(read|write)|.*_to_xml|ts_|txid|.*val$|set_config)'
               AND has_function_privilege('tenancy_app', oid, 'EXECUTE')
               AND proname !~ '^({left})$' ORDER BY 1"
        ),
    )
    .await;
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test]
async fn the_other_roles_keep_what_the_application_must_not_call() {
    let world = World::new().await;
    let missing = texts(
        &world.admin,
        "SELECT role || ' ' || name FROM unnest(ARRAY['tenancy_owner', 'tenancy_migrator', 'tenancy_mover', 'tenancy_admin'])
           AS role, unnest(ARRAY['pg_advisory_lock(bigint)', 'pg_stat_get_activity(int)', 'pg_relation_size(regclass)',
           'pg_terminate_backend(int, bigint)', 'pg_sleep(float8)']) AS name
         WHERE NOT has_function_privilege(role, name, 'EXECUTE')
         UNION ALL SELECT 'pg_monitor lacks ' || name FROM unnest(ARRAY['pg_stat_get_activity(int)', 'pg_lock_status()',
           'pg_database_size(oid)']) AS name WHERE NOT has_function_privilege('pg_monitor', name, 'EXECUTE')
         UNION ALL SELECT role || ' may ' || name FROM unnest(ARRAY['tenancy_owner', 'tenancy_admin']) AS role,
           unnest(ARRAY['lo_import(text)', 'lo_export(oid, text)', 'pg_read_file(text)', 'pg_stat_reset()']) AS name
         WHERE has_function_privilege(role, name, 'EXECUTE')",
    )
    .await;
    assert_eq!(missing, Vec::<String>::new());
}

#[tokio::test]
async fn what_the_filter_allows_the_application_may_execute() {
    let world = World::new().await;
    let allowed: Vec<_> =
        committed().into_iter().filter(|(_, verdict)| verdict.allowed).map(|(name, _)| name).collect();
    let closed = texts(
        &world.admin,
        &format!(
            "SELECT p.oid::regprocedure::text FROM pg_proc p
             WHERE pronamespace = 'pg_catalog'::regnamespace AND proname = ANY ('{{{}}}')
               AND NOT has_function_privilege('tenancy_app', p.oid, 'EXECUTE') ORDER BY 1",
            allowed.join(",")
        ),
    )
    .await;
    assert_eq!(closed, Vec::<String>::new());
}

#[tokio::test]
async fn the_application_role_keeps_what_programs_need() {
    let world = World::new().await;
    let db = world.database.plain("tenancy_app").await.unwrap();
    // The first is the binding, the second the fence of a tenant that moves, the rest what psql's \\d and SeaORM's schema
    // discovery ask.
    for call in [
        "set_config('application_name', 'x', true), current_setting('application_name')",
        "pg_try_advisory_xact_lock_shared(1, 2)",
        "pg_table_is_visible(c.oid), format_type(1, 1), pg_get_userbyid(c.relowner), pg_get_expr(NULL, c.oid) FROM pg_class c",
        "pg_get_indexdef(indexrelid), pg_get_constraintdef(0) FROM pg_index",
        "pg_backend_pid(), pg_is_in_recovery(), version(), current_database(), pg_typeof(1), pg_encoding_to_char(6)",
        "ts_rewrite('a & b'::tsquery, 'a'::tsquery, 'c'::tsquery)",
        "count(*) FROM information_schema.columns",
        "lower('A'), log(10), log10(10), lower_inc('[1,2)'::int4range)",
    ] {
        db.execute_unprepared(&format!("SELECT {call}")).await.unwrap_or_else(|error| panic!("{call}: {error}"));
    }
}
