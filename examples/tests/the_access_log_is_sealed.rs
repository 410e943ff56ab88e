//! `migrate audit` as a program: 0 where the log is as it was sealed, 1 where it isn't, 2 where that can't be said.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
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

/// A month of long ago, with an entry.
const OLD_MONTH: &str = "SET ROLE tenancy_owner;
    CREATE TABLE tenancy.access_log_2020_01 PARTITION OF tenancy.access_log
      FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-02-01 00:00:00+00');
    ALTER TABLE tenancy.access_log_2020_01 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    RESET ROLE;
    SELECT tenancy.write_entry('2020-01-02 03:04:05+00', NULL, NULL, NULL, NULL, 'read', '{}', NULL, NULL, NULL, NULL, NULL)";

#[tokio::test]
async fn old_months_go_signed_and_then_only_they_may_be_gone() {
    let (database, keys, folder) = (logged().await, Keys::new(), tempfile::tempdir().expect("a folder"));
    let (url, anchor) = (database.url("tenancy_migrator"), folder.path().join("anchor"));
    let admin = database.admin().await.expect("a connection");
    admin.execute_unprepared(OLD_MONTH).await.expect("an old month");
    let retain = ["retain", "--months", "12", "-u", &url];
    let dry_run = ["retain", "--months", "12", "--dry-run", "-u", &url];
    let verify = ["verify", "--anchor", text(&anchor), "-u", &url];
    let told = ends(1, &retain, &keys);
    assert!(
        told.contains("2020-01 of the access log has 1 entries") && told.contains("`migrate audit seal`"),
        "{told}"
    );
    let told = ends(0, &dry_run, &keys);
    assert_eq!(told.trim(), "drop 2020-01: tenancy.access_log_2020_01, 1 entries, 1 of them not sealed");
    ends(0, &["seal", "--anchor", text(&anchor), "-u", &url], &keys);
    let told = ends(1, &retain, &Keys::default());
    assert!(told.contains("give the key, by --key-file or TENANT_AUDIT_KEY"), "{told}");
    let bad = Keys { secret: "geheim".to_owned(), ..Keys::default() };
    let told = ends(1, &retain, &bad);
    assert!(told.contains("TENANT_AUDIT_KEY is none") && !told.contains("geheim"), "{told}");
    assert!(ends(0, &verify, &keys).contains("checked 4 entries"), "nothing was dropped");

    assert!(ends(0, &retain, &keys).contains("drop 2020-01: tenancy.access_log_2020_01, 1 entries\n"));
    assert!(ends(0, &retain, &keys).contains("nothing to make, nothing to drop"));
    let told = ends(0, &verify, &keys);
    assert!(told.contains("0 findings; checked 3 entries") && told.contains("1 went with their months"), "{told}");
    ends(0, &["seal", "--anchor", text(&anchor), "-u", &url], &keys);
    assert!(ends(0, &verify, &keys).contains("0 findings; checked 4 entries"), "the log's own entry of it too");
    let told = ends(1, &verify, &Keys::new());
    assert!(told.contains("unknown-key: retention 1") && told.contains("unknown-key: seal 1"), "{told}");
    admin.execute_unprepared("DELETE FROM tenancy.access_log_retentions").await.expect("a record is gone");
    let told = ends(1, &verify, &keys);
    assert!(told.contains("entry-removed: entry 4 of no organisation at 2020-01-02"), "{told}");
}

#[tokio::test]
async fn what_was_signed_for_one_log_explains_nothing_in_another() {
    let (one, other, keys) = (logged().await, logged().await, Keys::new());
    for database in [&one, &other] {
        let admin = database.admin().await.expect("a connection");
        admin.execute_unprepared(OLD_MONTH).await.expect("an old month");
        ends(0, &["seal", "-u", &database.url("tenancy_migrator")], &keys);
    }
    ends(0, &["retain", "--months", "12", "-u", &one.url("tenancy_migrator")], &keys);
    let record = "SELECT format('INSERT INTO tenancy.access_log_retentions VALUES (%s, %L, %L, %L, %L)', retention, before, dropped_at,
        key, signature) AS record FROM tenancy.access_log_retentions";
    let admin = one.admin().await.expect("a connection");
    let record = admin.query_one_raw(Statement::from_string(DbBackend::Postgres, record)).await.expect("an answer");
    let record: String = record.expect("a record").try_get("", "record").expect("SQL");
    let admin = other.admin().await.expect("a connection");
    admin.execute_unprepared(&format!("DROP TABLE tenancy.access_log_2020_01; {record}")).await.expect("stolen");
    let told = ends(1, &["verify", "-u", &other.url("tenancy_migrator")], &keys);
    assert!(told.contains("retention-changed: retention 1") && told.contains("entry-removed: entry 4"), "{told}");
}

#[tokio::test]
async fn what_was_dropped_before_anything_was_sealed_is_no_finding() {
    let (database, keys, folder) = (logged().await, Keys::new(), tempfile::tempdir().expect("a folder"));
    let (url, file) = (database.url("tenancy_migrator"), folder.path().join("acme.jsonl"));
    let admin = database.admin().await.expect("a connection");
    admin.execute_unprepared(OLD_MONTH).await.expect("an old month");
    let told = ends(0, &["retain", "--months", "12", "--unsealed", "-u", &url], &Keys::default());
    assert!(told.contains("1 entries, 1 of them not sealed"), "{told}");
    assert!(ends(0, &["verify", "-u", &url], &keys).contains("0 findings"));
    ends(0, &["seal", "-u", &url], &keys);
    let told = ends(0, &["verify", "-u", &url], &keys);
    assert!(told.contains("0 findings; checked 4 entries"), "{told}");
    ends(0, &["export", "--tenant", ACME, text(&file), "-u", &url], &keys);
    assert!(ends(0, &["verify", "--export", text(&file)], &keys).contains("whole; 3 entries"));
    // Afterwards one must be signed.
    let unsigned = "INSERT INTO tenancy.access_log_retentions VALUES (2, now(), clock_timestamp(), NULL, NULL)";
    admin.execute_unprepared(unsigned).await.expect("a record");
    assert!(ends(1, &["verify", "-u", &url], &keys).contains("retention-changed: retention 2"));
}

#[tokio::test]
async fn months_that_mean_nothing_are_refused_and_missing_ones_are_made() {
    let (database, keys) = (logged().await, Keys::new());
    let url = database.url("tenancy_migrator");
    for months in ["0", "-1", "1201", "4294967296", "twelve", ""] {
        let told = ends(2, &["retain", "--months", months, "-u", &url], &keys);
        assert!(told.contains("--months"), "{told}");
    }
    let told = ends(2, &["retain", "--months", "12", "--ahead", "121", "-u", &url], &keys);
    assert!(told.contains("--ahead"), "{told}");
    assert!(ends(2, &["retain", "-u", &url], &keys).contains("--months"));
    let told = ends(0, &["retain", "--months", "1200", "--ahead", "5", "-u", &url], &keys);
    assert_eq!(told.matches("make 2").count(), 2, "{told}");
    let gone =
        "DO $$ BEGIN EXECUTE 'DROP TABLE tenancy.access_log_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM'); END $$";
    database.admin().await.expect("a connection").execute_unprepared(gone).await.expect("dropped");
    assert_eq!(ends(0, &["retain", "--months", "12", "-u", &url], &keys).matches("make 2").count(), 1);

    let empty = Cluster::start().await.expect("a PostgreSQL").empty_database().await.expect("a database");
    let url = empty.superuser_url();
    for (code, arguments) in [(1, &["retain", "--months", "12"][..]), (1, &["seal"]), (2, &["verify"])] {
        let told = ends(code, &[arguments, &["-u", &url]].concat(), &keys);
        assert!(told.contains("`migrate up`"), "{told}");
    }
    for (code, arguments) in [(1, &["retain", "--months", "12"][..]), (1, &["seal"]), (2, &["verify"])] {
        assert!(ends(code, arguments, &keys).contains("no database"));
        let told = ends(code, &[arguments, &["-u", "postgres://tenancy_migrator@127.0.0.1:1/app"]].concat(), &keys);
        assert!(told.contains("`pg_isready`"), "{told}");
    }
}

#[tokio::test]
async fn an_export_that_was_cut_or_is_of_another_key_is_named() {
    let (database, keys, folder) = (logged().await, Keys::new(), tempfile::tempdir().expect("a folder"));
    let (url, file) = (database.url("tenancy_migrator"), folder.path().join("acme.jsonl"));
    ends(0, &["seal", "-u", &url], &keys);
    ends(0, &["export", "--tenant", ACME, text(&file), "-u", &url], &keys);
    let told = ends(1, &["verify", "--export", text(&file)], &Keys::new());
    assert!(told.contains("line 2 of the export") && told.contains("seal 1"), "{told}");
    let whole = std::fs::read(&file).expect("a file");
    let last_line = whole.len() - whole[..whole.len() - 1].iter().rev().position(|byte| *byte == b'\n').expect("lines");
    for length in [0, whole.len() - 1, last_line - 1] {
        std::fs::write(&file, &whole[..length]).expect("cut");
        let told = ends(1, &["verify", "--export", text(&file)], &keys);
        assert!(told.contains("cut") || length == 0, "{told}");
    }
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
