//! A program doesn't start on a database in which something that isolation rests on was changed since the last `migrate up`, and
//! does whatever else was changed.

use futures_util::{StreamExt, stream};
use tenant_core::{DatabaseError, PreflightProblem};

use crate::posture::{migrator, posture, posture_at, recorded, refusal, start};
use crate::support::{application_role, execute, texts, until};

/// A class of change, and an example that nothing else of the preflight notices.
const CHANGES: &[(&str, &str)] = &[
    ("a flag", "ALTER TABLE targets ENABLE ROW LEVEL SECURITY"),
    ("a table's owner", "ALTER TABLE seaql_migrations OWNER TO CURRENT_USER"),
    ("a policy's USING", "ALTER POLICY tenant_isolation ON molecules USING (true)"),
    ("a policy's CHECK", "ALTER POLICY system_access ON molecules WITH CHECK (true)"),
    ("a policy's roles", "ALTER POLICY tenant_floor ON molecules TO tenancy_app"),
    ("a policy's name", "ALTER POLICY tenant_isolation ON molecules RENAME TO other"),
    ("a policy more", "CREATE POLICY more ON molecules AS RESTRICTIVE TO tenancy_app USING (true)"),
    ("a policy less", "DROP POLICY system_access ON molecules"),
    (
        "a policy's kind",
        "DROP POLICY system_access ON molecules; CREATE POLICY system_access ON molecules AS RESTRICTIVE TO tenancy_admin
           USING ((SELECT tenancy.system_access())) WITH CHECK ((SELECT tenancy.system_access()))",
    ),
    (
        "a policy's command",
        "DROP POLICY system_access ON molecules; CREATE POLICY system_access ON molecules FOR UPDATE TO tenancy_admin
           USING ((SELECT tenancy.system_access())) WITH CHECK ((SELECT tenancy.system_access()))",
    ),
    ("a right", "GRANT SELECT ON molecules TO PUBLIC"),
    ("a right less", "REVOKE SELECT ON molecules FROM tenancy_reporting"),
    ("a right that may be passed on", "GRANT SELECT ON molecules TO tenancy_app WITH GRANT OPTION"),
    ("a right on a column", "GRANT UPDATE (name) ON targets TO tenancy_reporting"),
    ("a right on a sequence", "SET ROLE tenancy_owner; CREATE SEQUENCE counts; GRANT USAGE ON counts TO tenancy_app"),
    ("a right on a view", "GRANT SELECT ON approved TO tenancy_app"),
    ("a right on a schema", "GRANT USAGE ON SCHEMA tenancy TO PUBLIC"),
    ("a schema's owner", "ALTER SCHEMA public OWNER TO tenancy_owner"),
    ("a right on a function", "GRANT EXECUTE ON FUNCTION tenancy.system_access() TO tenancy_app"),
    ("a right on the record", "GRANT UPDATE ON tenancy.deployment TO tenancy_reporting"),
    ("a foreign key less", "ALTER TABLE memberships DROP CONSTRAINT memberships_user_id_fkey"),
    ("a check less", "ALTER TABLE docking_jobs DROP CONSTRAINT docking_jobs_status_check"),
    (
        "a constraint that is not validated",
        "ALTER TABLE docking_jobs DROP CONSTRAINT docking_jobs_status_check;
         ALTER TABLE docking_jobs ADD CONSTRAINT docking_jobs_status_check
           CHECK (status IN ('pending', 'running', 'succeeded', 'failed')) NOT VALID",
    ),
    ("a foreign key that is not looked after", "ALTER TABLE memberships DISABLE TRIGGER ALL"),
    (
        "a foreign key that a replica alone looks after",
        "DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE memberships ENABLE REPLICA TRIGGER %I', tgname) FROM pg_trigger
           WHERE tgrelid = 'memberships'::regclass AND tgisinternal LIMIT 1); END $$",
    ),
    (
        "a partition's foreign key that is not looked after",
        "DO $$ BEGIN EXECUTE (SELECT string_agg(format('ALTER TABLE events_2030 DISABLE TRIGGER %I', tgname), ';')
           FROM pg_trigger WHERE tgrelid = 'events_2030'::regclass AND tgisinternal); END $$",
    ),
    ("a trigger more", "CREATE TRIGGER more BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION stamp()"),
    ("a trigger that is disabled", "ALTER TABLE molecules DISABLE TRIGGER stamp"),
    ("a trigger's definition", "CREATE OR REPLACE TRIGGER stamp BEFORE UPDATE ON molecules FOR EACH ROW EXECUTE FUNCTION stamp()"),
    ("a rule", "CREATE RULE lost AS ON DELETE TO pipelines DO ALSO NOTHING"),
    ("whose rights a view reads with", "ALTER VIEW approved RESET (security_invoker)"),
    ("what a view reads", "CREATE OR REPLACE VIEW approved WITH (security_invoker) AS SELECT name FROM molecules"),
    (
        "a function's text",
        "CREATE OR REPLACE FUNCTION tenancy.system_access() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
           SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN true; END $$",
    ),
    ("a function's settings", "ALTER FUNCTION tenancy.system_access() RESET search_path"),
    ("a function's volatility", "ALTER FUNCTION tenancy.system_access() IMMUTABLE"),
    ("a function's rights", "ALTER FUNCTION tenancy.system_access() SECURITY DEFINER"),
    ("a function's owner", "ALTER FUNCTION tenancy.system_access() OWNER TO CURRENT_USER"),
    ("a function more", "CREATE FUNCTION tenancy.more() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
    ("what a policy asks", "CREATE OR REPLACE FUNCTION is_open() RETURNS boolean LANGUAGE sql AS 'SELECT 1 = 1'"),
    ("whose rights a trigger has", "ALTER FUNCTION stamp() SECURITY DEFINER"),
    (
        "a function with its owner's rights",
        "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM molecules'",
    ),
    (
        "a function that is trusted with every row",
        "CREATE FUNCTION peek(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'",
    ),
    ("a function that was closed", "GRANT EXECUTE ON FUNCTION pg_stat_get_activity(integer) TO PUBLIC"),
    ("a right on the catalog", "GRANT SELECT ON pg_statistic TO tenancy_app"),
    ("a right on a column of the catalog", "GRANT SELECT (stavalues1) ON pg_statistic TO tenancy_app"),
    ("a right on somebody else's view", "CREATE VIEW peeking AS SELECT * FROM molecules; GRANT SELECT ON peeking TO tenancy_app"),
    ("a right on a column of somebody else's copy", "CREATE TABLE copied AS TABLE molecules; GRANT SELECT (name) ON copied TO PUBLIC"),
    ("a policy of the log", "CREATE POLICY wide ON tenancy.access_log TO tenancy_reporting USING (true)"),
    ("a right on the log", "GRANT INSERT ON tenancy.access_log TO tenancy_app"),
    ("a trigger of the log", "ALTER TABLE tenancy.access_log DISABLE TRIGGER keep_log"),
    ("a month of the log without row-level security", "CREATE TABLE tenancy.access_log_2000_01 PARTITION OF tenancy.access_log FOR VALUES FROM ('2000-01-01') TO ('2000-02-01')"),
    ("a partition's flag", "ALTER TABLE events_2030 NO FORCE ROW LEVEL SECURITY"),
    ("a partition's policy", "ALTER POLICY floor ON events_2030 USING (true)"),
    ("a partition's policy less", "DROP POLICY floor ON events_2030"),
    ("a partition's right", "GRANT SELECT ON events_2030 TO tenancy_reporting"),
    ("a partition's trigger", "ALTER TABLE events_2030 DISABLE TRIGGER stamp"),
    ("a partition's rule", "CREATE RULE lost AS ON DELETE TO events_2030 DO ALSO NOTHING"),
    ("a partition's owner", "ALTER TABLE events_2030 OWNER TO CURRENT_USER"),
    ("a partition's key", "ALTER TABLE events_2030 ADD CONSTRAINT own UNIQUE (at)"),
    ("a new partition without policies", "CREATE TABLE events_2031 PARTITION OF events FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')"),
];

/// Changes of what isolation doesn't rest on.
const OTHERS: &[(&str, &str)] = &[
    ("a month of the log", "SET ROLE tenancy_owner; SELECT tenancy.prepare_months(9)"),
    ("an index", "CREATE INDEX slow ON molecules (organization_id, name); CREATE INDEX ON events (organization_id, kind)"),
    ("an index less", "DROP INDEX docking_jobs_status_idx"),
    (
        "rows",
        "ALTER TABLE targets DISABLE ROW LEVEL SECURITY; INSERT INTO targets (code, name) VALUES ('X', 'Y');
         INSERT INTO events VALUES (gen_random_uuid(), '2030-05-05'); INSERT INTO seaql_migrations VALUES ('x', 1); ANALYZE",
    ),
    ("a default", "ALTER TABLE molecules ALTER name SET DEFAULT 'x'"),
    ("a column", "ALTER TABLE molecules ADD COLUMN more text"),
    ("how a table is kept", "ALTER TABLE molecules SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01); CLUSTER molecules USING molecules_pkey"),
    ("a comment", "COMMENT ON TABLE molecules IS 'of interest'"),
    ("another owner's table", "CREATE TABLE of_the_dba (id int)"),
    (
        "what no program of ours can reach",
        "CREATE SCHEMA monitor; CREATE VIEW monitor.jobs AS SELECT * FROM docking_jobs;
         CREATE FUNCTION monitor.explain(text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT $1';
         CREATE VIEW counted AS SELECT count(*) FROM molecules",
    ),
    ("what a trigger does with its caller's rights", "CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"),
    ("a function of PostgreSQL's that is closed", "REVOKE EXECUTE ON FUNCTION pg_sleep(float8) FROM PUBLIC"),
    ("an extension", "CREATE EXTENSION pgstattuple; CREATE EXTENSION pg_stat_statements"),
    ("statistics", "CREATE STATISTICS names ON name, molecule_type FROM molecules; ANALYZE molecules; REINDEX TABLE molecules"),
    (
        "a foreign key that a replica looks after too",
        "DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE memberships ENABLE ALWAYS TRIGGER %I', tgname) FROM pg_trigger
           WHERE tgrelid = 'memberships'::regclass AND tgisinternal LIMIT 1); END $$",
    ),
    ("a session's temporary table", "CREATE TEMPORARY TABLE passing (id int); ALTER TABLE passing OWNER TO tenancy_owner"),
    (
        "a new partition like its parent, and one less",
        "DROP TABLE events_2030;
         SET ROLE tenancy_owner;
         CREATE TABLE events_2031 (LIKE events INCLUDING ALL, CHECK (at >= '2031-01-01' AND at < '2032-01-01'));
         ALTER TABLE events_2031 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY own ON events_2031 TO tenancy_app USING (organization_id = (SELECT tenancy.current_tenant()));
         CREATE POLICY floor ON events_2031 AS RESTRICTIVE TO tenancy_reporting, tenancy_app
           USING (organization_id = (SELECT tenancy.current_tenant()));
         ALTER TABLE events ATTACH PARTITION events_2031 FOR VALUES FROM ('2031-01-01') TO ('2032-01-01');
         GRANT SELECT ON events_2031 TO tenancy_app",
    ),
];

#[tokio::test]
async fn what_was_recorded_is_accepted() {
    let tenants = start(&recorded().await).await.expect("a recorded database");
    let deployment = tenants.deployment();
    assert_eq!(deployment.program(), "sample 1.2.3");
    assert!(deployment.recorded_at().starts_with("20") && deployment.recorded_at().ends_with('Z'), "{deployment:?}");
    assert!(deployment.is_of_this_registry() && deployment.is_compared());
}

#[tokio::test]
async fn each_class_of_change_is_refused() {
    let tried = stream::iter(CHANGES).map(async |(class, sql)| {
        let database = recorded().await;
        execute(&database.admin().await.expect("a superuser's connection"), sql).await;
        let refusal = match start(&database).await {
            Err(DatabaseError::Preflight(refusal)) => refusal,
            other => return Some(format!("{class}: {other:?}")),
        };
        let text = refusal.to_string();
        let [PreflightProblem::Changed { program, recorded_at }] = refusal.problems() else {
            return Some(format!("{class}: {text}"));
        };
        let said = [program, recorded_at, "`migrate plan`", "`migrate verify`", "`migrate up`"];
        said.iter().any(|part| !text.contains(*part)).then(|| format!("{class}: {text}"))
    });
    let wrong: Vec<String> = tried.buffer_unordered(4).filter_map(async |said| said).collect().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn other_changes_are_not() {
    let tried = stream::iter(OTHERS).map(async |(class, sql)| {
        let database = recorded().await;
        let admin = database.admin().await.expect("a superuser's connection");
        execute(&admin, sql).await;
        start(&database).await.err().map(|failure| format!("{class}: {failure}"))
    });
    let wrong: Vec<String> = tried.buffer_unordered(4).filter_map(async |said| said).collect().await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn what_another_problem_explains_is_not_said_twice() {
    let database = recorded().await;
    let admin = database.admin().await.expect("a superuser's connection");
    execute(&admin, "ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY").await;
    let refused = refusal(&database).await;
    let text = refused.to_string();
    assert!(matches!(refused.problems(), [PreflightProblem::NotForced { .. }]), "{text}");
}

#[tokio::test]
async fn a_deploy_records_what_was_changed() {
    let database = recorded().await;
    let admin = database.admin().await.expect("a superuser's connection");
    execute(&admin, "DROP POLICY system_access ON molecules").await;
    refusal(&database).await;
    migrator().up(&admin, None).await.expect("up");
    start(&database).await.expect("recorded anew");
}

/// A deploy that is under way has made a change, and records it a moment later.
#[tokio::test]
async fn a_record_that_follows_is_waited_for() {
    let database = recorded().await;
    let admin = database.admin().await.expect("a superuser's connection");
    execute(&admin, "DROP POLICY system_access ON molecules").await;
    let digest = posture(&database, "").await.digest;
    let follow = async {
        let looked =
            "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND usename = 'tenancy_app'
            AND state = 'idle in transaction' AND query ~ 'sha256'";
        until("the program has looked once", async || texts(&admin, looked).await.len() == 1).await;
        execute(&admin, &format!("UPDATE tenancy.deployment SET posture = '{digest}'")).await;
    };
    let (started, ()) = tokio::join!(start(&database), follow);
    started.expect("the record has followed");
}

#[tokio::test]
async fn without_a_record_no_program_starts() {
    for (sql, missing) in [
        ("DELETE FROM tenancy.deployment", true),
        ("DROP TABLE tenancy.deployment", true),
        ("REVOKE SELECT ON tenancy.deployment FROM tenancy_app", false),
    ] {
        let database = recorded().await;
        execute(&database.admin().await.expect("a superuser's connection"), sql).await;
        let refused = refusal(&database).await;
        let text = refused.to_string();
        let repair = if missing { "`migrate up`" } else { "`GRANT SELECT ON tenancy.deployment TO tenancy_app`" };
        assert!(text.contains(repair), "{sql}: {text}");
        match refused.problems() {
            [PreflightProblem::Unrecorded] if missing => {}
            [PreflightProblem::UnreadableRecord { .. }] if !missing => {}
            _ => panic!("{sql}: {text}"),
        }
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_compared() {
    let database = recorded().await;
    let admin = database.admin().await.expect("a superuser's connection");
    execute(&admin, "UPDATE tenancy.deployment SET server = 14").await;
    let refused = refusal(&database).await;
    let text = refused.to_string();
    assert!(matches!(refused.problems(), [PreflightProblem::OtherServer { recorded: 14, .. }]), "{text}");
    assert!(text.contains("`migrate verify`") && text.contains("`migrate up`"), "{text}");

    // A framework of another version made it: an older program must be able to start again while a newer one is rolled out.
    execute(&admin, "UPDATE tenancy.deployment SET format = 0, posture = 'in another way'").await;
    let tenants = start(&database).await.expect("nothing was found");
    assert!(!tenants.deployment().is_compared() && tenants.deployment().is_of_this_registry());
}

#[tokio::test]
async fn the_record_is_closed_to_the_running_application() {
    let database = recorded().await;
    for role in ["tenancy_app", "tenancy_admin", "tenancy_reporting"] {
        let db = database.plain(role).await.expect("a connection");
        execute(&db, "SELECT * FROM tenancy.deployment").await;
        for statement in ["UPDATE tenancy.deployment SET posture = ''", "DELETE FROM tenancy.deployment"] {
            // The reporting role's transactions are read-only unless they say otherwise.
            let statement = &format!("BEGIN READ WRITE; {statement}");
            let refused =
                sea_orm::ConnectionTrait::execute_unprepared(&db, statement).await.expect_err(role).to_string();
            assert!(refused.contains("permission denied"), "{role}: {refused}");
        }
    }
}

#[tokio::test]
async fn the_posture_is_the_same_whoever_asks() {
    let database = recorded().await;
    let plain = posture(&database, "").await;
    for settings in [
        "SET ROLE tenancy_owner",
        "SET ROLE tenancy_app",
        "SET search_path = tenancy, public, pg_catalog",
        "SET quote_all_identifiers = on; SET standard_conforming_strings = off; SET backslash_quote = on",
        "SET DateStyle = 'SQL, DMY'; SET IntervalStyle = sql_standard; SET TimeZone = 'Asia/Kathmandu'",
        "SET extra_float_digits = -15; SET bytea_output = escape; SET enable_hashjoin = off; SET enable_indexscan = off",
        "CREATE TEMPORARY TABLE molecules (id int); CREATE TEMPORARY TABLE pg_policy (id int)",
    ] {
        assert_eq!(posture(&database, settings).await, plain, "{settings}");
    }
    assert_eq!(posture_at(&database.url(&application_role()), "").await, plain);
}
