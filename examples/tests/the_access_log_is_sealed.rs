//! `migrate audit` as a program: 0 where the log is as it was sealed, 1 where it isn't, 2 where that can't be said.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sea_orm::ConnectionTrait;
use tenant_testkit::{Cluster, Database};

const ACME: &str = "00000000-0000-0000-0000-00000000000a";

/// Keys as the environment has them.
#[derive(Default)]
struct Keys {
    secret: String,
    public: String,
}

impl Keys {
    fn new() -> Self {
        let output = audit(&["keygen"], &Self::default());
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let printed = String::from_utf8(output.stdout).expect("UTF-8");
        let value = |name: &str| {
            let line = printed.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}"));
            line.trim_start_matches('=').to_owned()
        };
        Self { secret: value("TENANT_AUDIT_KEY"), public: value("TENANT_AUDIT_PUBLIC_KEYS") }
    }
}

fn command(arguments: &[&str], keys: &Keys) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    command.arg("audit").args(arguments).env_remove("DATABASE_URL").env_remove("DATABASE_SCHEMA");
    command.env("TENANT_AUDIT_KEY", &keys.secret).env("TENANT_AUDIT_PUBLIC_KEYS", &keys.public);
    command
}

fn audit(arguments: &[&str], keys: &Keys) -> Output {
    command(arguments, keys).output().expect("the program runs")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs it, and gives what it said if it ended with this code.
fn ends(code: i32, arguments: &[&str], keys: &Keys) -> String {
    let output = audit(arguments, keys);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
    said(&output)
}

/// A database with three entries, which say what rows held; on a server where nobody else's transactions hold a sealer back.
async fn logged() -> Database {
    let database = Cluster::start().await.expect("a PostgreSQL").empty_database().await.expect("a database");
    let admin = database.admin().await.expect("a connection");
    examples::migrator().expect("the sample").up(&admin, None).await.expect("migrated");
    let write = format!(
        "SELECT tenancy.record_write('{ACME}', 'insert', 'public.molecules', 1, '[{{\"after\": {{\"name\": \"Ada\"}}}}]')
         FROM generate_series(1, 3)"
    );
    admin.execute_unprepared(&write).await.expect("written");
    database
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[tokio::test]
async fn by_what_is_found() {
    let (database, keys, folder) = (logged().await, Keys::new(), tempfile::tempdir().expect("a folder"));
    let url = database.url("tenancy_migrator");
    let (anchor, file) = (folder.path().join("anchor"), folder.path().join("acme.jsonl"));
    let (anchor, file) = (text(&anchor), text(&file));
    let told = ends(0, &["seal", "--anchor", anchor, "-u", &url], &keys);
    assert!(told.contains("seal 1: 3 entries in 1 batches; everything is sealed"), "{told}");
    let told = ends(0, &["seal", "--anchor", anchor, "-u", &url], &keys);
    assert!(told.contains("nothing new to seal"), "{told}");
    let told = ends(0, &["verify", "--anchor", anchor, "-u", &url], &keys);
    assert!(told.contains("audit: 0 findings; checked 3 entries"), "{told}");

    ends(0, &["export", "--tenant", ACME, file, "-u", &url], &keys);
    let told = ends(0, &["verify", "--export", file], &keys);
    assert!(told.contains("whole; 3 entries"), "{told}");
    let whole = std::fs::read_to_string(file).expect("a file");
    std::fs::write(file, whole.replacen("Ada", "Eve", 1)).expect("edited");
    let told = ends(1, &["verify", "--export", file], &keys);
    assert!(told.contains("line 4 of the export"), "{told}");

    let told = ends(0, &["erase", "--tenant", ACME, "--entries", "2-3", "--reason", "asked for", "-u", &url], &keys);
    assert!(told.contains("erased the values of 2 entries (2-3); entry 4 says so"), "{told}");
    let told = ends(0, &["verify", "-u", &url], &keys);
    assert!(told.contains("1 with their values, 2 erased") && told.contains("1 not sealed yet"), "{told}");

    let admin = database.admin().await.expect("a connection");
    let change = "ALTER TABLE tenancy.access_log DISABLE TRIGGER keep_log; DO $$ DECLARE part regclass; BEGIN
        FOR part IN SELECT relid FROM pg_partition_tree('tenancy.access_log') LOOP
          EXECUTE format('ALTER TABLE %s DISABLE TRIGGER ALL', part); END LOOP; END $$;
        UPDATE tenancy.access_log SET touched = 2 WHERE entry = 2";
    admin.execute_unprepared(change).await.expect("changed");
    let output = audit(&["verify", "--format", "json", "--tenant", ACME, "-u", &url], &keys);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!(json["findings"][0]["kind"], "entry-changed");
    assert_eq!((&json["findings"][0]["entry"], &json["findings"][0]["number"]), (&2.into(), &1.into()));
}

#[tokio::test]
async fn by_what_stands_in_the_way() {
    let (database, keys, folder) = (logged().await, Keys::new(), tempfile::tempdir().expect("a folder"));
    let url = database.url("tenancy_migrator");
    let none = Keys::default();
    assert!(ends(1, &["seal", "-u", &url], &none).contains("no key to sign with"));
    assert!(ends(2, &["verify", "-u", &url], &none).contains("no key to check signatures with"));
    let bad = Keys { secret: "geheim".to_owned(), public: "geheim".to_owned() };
    let told = ends(1, &["seal", "-u", &url], &bad);
    assert!(told.contains("TENANT_AUDIT_KEY is none") && !told.contains("geheim"), "{told}");
    assert!(ends(2, &["verify", "-u", &url], &bad).contains("is no public key"));
    assert!(ends(2, &["verify", "--export", text(&folder.path().join("nothing"))], &keys).contains("can't be used"));
    assert!(ends(2, &["verify"], &keys).contains("no database"));
    ends(2, &["erase", "--tenant", ACME, "--reason", "a test", "-u", &url], &keys);
    ends(2, &["erase", "--tenant", ACME, "--all-values", "--user", ACME, "--reason", "a test", "-u", &url], &keys);
    assert!(
        ends(1, &["erase", "--tenant", ACME, "--all-values", "--reason", "", "-u", &url], &keys).contains("no reason")
    );
}

#[tokio::test]
async fn it_runs_on_until_it_is_told_to_end() {
    let (database, keys) = (logged().await, Keys::new());
    let url = database.url("tenancy_migrator");
    let mut sealer = command(&["seal", "--every", "50ms", "-u", &url], &keys);
    let mut sealer = sealer.stdout(Stdio::piped()).spawn().expect("the program runs");
    let mut lines = BufReader::new(sealer.stdout.take().expect("its output")).lines();
    let mut next = || lines.next().expect("a line").expect("a text");
    assert!(next().starts_with("seal 1: 3 entries"));
    let admin = database.admin().await.expect("a connection");
    admin
        .execute_unprepared(&format!("SELECT tenancy.record_write('{ACME}', 'delete', 'public.molecules', 1)"))
        .await
        .expect("written");
    assert!(next().starts_with("seal 2: 1 entries"));
    let told = Command::new("kill").args(["-TERM", &sealer.id().to_string()]).status().expect("kill");
    assert!(told.success());
    assert_eq!(sealer.wait().expect("it ends").code(), Some(0));
}
