//! The roles that the migration makes, and every right they have.

use crate::support::{World, texts};

#[tokio::test]
async fn attributes() {
    let world = World::new().await;
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
        "tenancy_migrator login",
        "tenancy_mover bypassrls replication",
        "tenancy_owner",
        "tenancy_reporting login",
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
                OR p.prosecdef OR p.proconfig IS NULL
                OR NOT array_to_string(p.proconfig, ' ') LIKE '%search_path=%pg\\_temp')",
    )
    .await;
    assert_eq!(open, Vec::<String>::new(), "executable by PUBLIC, security definer, or without a pinned search_path");
}
