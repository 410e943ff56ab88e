//! The commands of `docs/backup.md`: one organisation comes back from a backup of its placement, and nobody else goes back.

#[expect(dead_code, reason = "another program's tests use the rest of it")]
mod town;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tenant_testkit::{Cluster, Database, Programs};
use town::{ACME, Run, Town};

const BETA: &str = "00000000-0000-0000-0000-00000000000b";

fn postgres(program: &str, arguments: &[&str]) -> Output {
    let path = Programs::find().expect("PostgreSQL's programs").path(program);
    Command::new(path).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

#[track_caller]
fn succeeds(program: &str, arguments: &[&str]) {
    let output = postgres(program, arguments);
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

async fn people(admin: &DatabaseConnection, id: &str) -> Vec<String> {
    let query = format!("SELECT email FROM users WHERE organization_id = '{id}' ORDER BY email");
    let rows = admin.query_all_raw(text_query(&query)).await.expect("an answer");
    rows.iter().map(|row| row.try_get("", "email").expect("a text")).collect()
}

async fn add(admin: &DatabaseConnection, id: &str, email: &str) {
    let row = format!(
        "INSERT INTO organizations (id, name) VALUES ('{id}', '{email}') ON CONFLICT DO NOTHING;
         INSERT INTO users (organization_id, id, email, name) VALUES ('{id}', gen_random_uuid(), '{email}', 'A')"
    );
    admin.execute_unprepared(&row).await.expect("inserted");
}

/// A dump of a database, restored beside it.
async fn restored(town: &Town, database: &Database) -> Database {
    let dump = town.folder.path().join(format!("{}.dump", database.name()));
    let dump = dump.to_str().expect("UTF-8");
    succeeds("pg_dump", &["--format=custom", "--file", dump, &database.superuser_url()]);
    let scratch = town.cluster.empty_database().await.expect("a database");
    succeeds("pg_restore", &["--exit-on-error", "--dbname", &scratch.superuser_url(), dump]);
    scratch
}

fn text_of(dump: &Path) -> String {
    fs::read_to_string(dump).expect("a dump")
}

#[tokio::test]
async fn one_comes_back_and_the_others_stay() {
    let town = Town::on(Cluster::builder()).await;
    let database = town.placement("eu_1").await;
    town.migrate(&["up", "--fleet-of-catalog"]).assert_ends(0, &[]);
    let admin = database.admin().await.expect("a connection");
    for (id, name) in [(ACME, "Acme"), (BETA, "Beta")] {
        town.migrate(&["tenant", "create", "--id", id, "--name", name, "--placement", "eu_1"]).assert_ends(0, &[]);
        add(&admin, id, "morning@example.com").await;
    }
    let (scratch, meta) = (restored(&town, &database).await, restored(&town, &town.metadata).await);
    admin.execute_unprepared(&format!("DELETE FROM users WHERE organization_id = '{ACME}'")).await.expect("deleted");
    for id in [ACME, BETA] {
        add(&admin, id, "noon@example.com").await;
    }

    let url = scratch.superuser_url();
    town.migrate(&["up", "-u", &url]).assert_ends(0, &[]);
    town.migrate(&["verify", "-u", &url]).assert_ends(0, &[]);
    let urls = town.folder.path().join("scratch");
    fs::create_dir(&urls).expect("a folder");
    fs::write(urls.join("eu_1.migrator.url"), &url).expect("written");
    let mut export = town.command(&["tenant", "export", "Acme", "acme.archive"]);
    export.env("TENANT_CATALOG_URL", meta.superuser_url()).env("TENANT_PLACEMENTS_DIR", &urls);
    Run::of(export.output().expect("it runs")).assert_ends(0, &["has 2 rows"]);

    town.migrate(&["tenant", "suspend", "Acme"]).assert_ends(0, &[]);
    town.migrate(&["tenant", "export", "Acme", "acme-before.archive"]).assert_ends(0, &["has 2 rows"]);
    town.migrate(&["tenant", "restore", "acme.archive", "--replace", "Acme"]).assert_ends(0, &["suspended"]);
    town.migrate(&["tenant", "resume", "Acme"]).assert_ends(0, &[]);
    assert_eq!(people(&admin, ACME).await, ["morning@example.com"]);
    assert_eq!(people(&admin, BETA).await, ["morning@example.com", "noon@example.com"], "Beta lost nothing");
    let beside = ["tenant", "restore", "acme-before.archive", "--as", "Acme, before", "--to", "eu_1", "--id"];
    let id = "00000000-0000-0000-0000-0000000000ab";
    town.migrate(&[&beside[..], &[id]].concat()).assert_ends(0, &["active"]);
    assert_eq!(people(&admin, id).await, ["noon@example.com"]);
}

/// A base backup is a server of its own once it is started and promoted; it has everything.
#[tokio::test]
async fn one_comes_back_from_a_physical_copy() {
    let town = Town::on(Cluster::builder()).await;
    let database = town.placement("eu_1").await;
    town.migrate(&["up", "--fleet-of-catalog"]).assert_ends(0, &[]);
    town.migrate(&["tenant", "create", "--id", ACME, "--name", "Acme", "--placement", "eu_1"]).assert_ends(0, &[]);
    let admin = database.admin().await.expect("a connection");
    add(&admin, ACME, "morning@example.com").await;
    let copy = Cluster::builder().standby_of(&town.cluster).start().await.expect("a copy");
    let (url, meta) = (copy.superuser_url(database.name()), copy.superuser_url(town.metadata.name()));
    let there = sea_orm::Database::connect(&url).await.expect("a connection");
    let here = value(&admin, "SELECT pg_logical_emit_message(true, 'test', 'here')::text AS value").await;
    let has_come = format!("SELECT (pg_last_wal_replay_lsn() >= '{here}')::text AS value");
    while value(&there, &has_come).await != "true" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(value(&there, "SELECT pg_promote()::text AS value").await, "true");
    admin.execute_unprepared(&format!("DELETE FROM users WHERE organization_id = '{ACME}'")).await.expect("deleted");

    town.migrate(&["verify", "-u", &url]).assert_ends(0, &[]);
    let urls = town.folder.path().join("scratch");
    fs::create_dir(&urls).expect("a folder");
    fs::write(urls.join("eu_1.migrator.url"), &url).expect("written");
    let mut export = town.command(&["tenant", "export", "Acme", "acme.archive"]);
    export.env("TENANT_CATALOG_URL", &meta).env("TENANT_PLACEMENTS_DIR", &urls);
    Run::of(export.output().expect("it runs")).assert_ends(0, &["has 2 rows"]);
    town.migrate(&["tenant", "suspend", "Acme"]).assert_ends(0, &[]);
    town.migrate(&["tenant", "restore", "acme.archive", "--replace", "Acme"]).assert_ends(0, &["suspended"]);
    assert_eq!(people(&admin, ACME).await, ["morning@example.com"]);
}

fn text_query(query: &str) -> Statement {
    Statement::from_string(DbBackend::Postgres, query)
}

async fn value(db: &DatabaseConnection, query: &str) -> String {
    let row = db.query_one_raw(text_query(query)).await.expect("an answer").expect("a row");
    row.try_get("", "value").expect("a text")
}

/// A role that is bound by policies dumps nothing, and is told so.
#[tokio::test]
async fn who_is_bound_by_policies_dumps_nothing() {
    let town = Town::on(Cluster::builder()).await;
    let database = town.placement("eu_1").await;
    town.migrate(&["up", "--fleet-of-catalog"]).assert_ends(0, &[]);
    let admin = database.admin().await.expect("a connection");
    add(&admin, ACME, "morning@example.com").await;
    let dump = town.folder.path().join("part.sql");
    let file = dump.to_str().expect("UTF-8");
    let arguments = ["--data-only", "--table=users", "--file", file];
    for role in ["tenancy_owner", "tenancy_app"] {
        admin.execute_unprepared(&format!("ALTER ROLE {role} LOGIN")).await.expect("altered");
        let url = database.url(role);
        let output = postgres("pg_dump", &[&arguments[..], &[&url]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("row-level security"), "{role}: {said}");
    }
    let output =
        postgres("pg_dump", &[&arguments[..], &["--enable-row-security", &database.url("tenancy_app")]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("no tenant is bound"), "{said}");
    succeeds("pg_dump", &[&arguments[..], &[&database.superuser_url()]].concat());
    assert!(text_of(&dump).contains("morning@example.com"));
}
