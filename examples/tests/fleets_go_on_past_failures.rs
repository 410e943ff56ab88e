//! `migrate … --fleet` as a program: every database gets its turn, and what failed or was cut short is repeated alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::Value;
use tempfile::TempDir;
use tenant_testkit::{Cluster, Database};

/// Stands in every URL, and may be seen nowhere else.
const SECRET: &str = "geheim-4711";

/// A server whose roles nobody has made yet, databases on it, and the list of them.
struct Fleet {
    cluster: Cluster,
    databases: Vec<Database>,
    folder: TempDir,
}

impl Fleet {
    async fn of(size: usize) -> Self {
        let cluster = Cluster::builder().tcp().start().await.expect("a PostgreSQL");
        let mut databases = Vec::new();
        for _ in 0..size {
            databases.push(cluster.empty_database().await.expect("a database"));
        }
        let fleet = Self { cluster, databases, folder: tempfile::tempdir().expect("a folder") };
        fleet.list(&fleet.lines());
        fleet
    }

    /// A line for each database, `d0` and on, with the superuser's URL.
    fn lines(&self) -> Vec<String> {
        let line =
            |(number, database): (usize, &Database)| format!("d{number} {}", with_secret(&database.superuser_url()));
        self.databases.iter().enumerate().map(line).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn list(&self, lines: &[String]) {
        fs::write(self.file("fleet.txt"), lines.join("\n")).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("FLEET_SECRET", SECRET)
            .env_remove("DATABASE_SCHEMA");
        // A database that the environment names is not meant.
        command.env("DATABASE_URL", format!("postgres://u:{SECRET}@127.0.0.1:1/nothing"));
        command
    }

    /// Runs it to its end, and sees that nothing shows the password.
    fn migrate(&self, arguments: &[&str]) -> Run {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("it runs");
        let (stdout, stderr) = (text(stdout), text(stderr));
        let report = fs::read_to_string(self.file("report.json")).unwrap_or_default();
        for said in [&stdout, &stderr, &report] {
            assert!(!said.contains(SECRET), "the password is shown: {said}");
        }
        Run { code: status.code(), stdout, stderr }
    }

    fn report(&self) -> Value {
        serde_json::from_slice(&fs::read(self.file("report.json")).expect("a report")).expect("JSON")
    }

    /// How each database of the report ended.
    fn outcomes(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let report = self.report();
        let databases = report["databases"].as_array().expect("a list").iter();
        databases.map(|database| (text(&database["name"]), text(&database["outcome"]))).collect()
    }

    async fn admin(&self, number: usize) -> DatabaseConnection {
        self.databases[number].admin().await.expect("a connection")
    }
}

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    #[track_caller]
    fn assert_ends(&self, code: i32, saying: &[&str]) {
        let said = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.code, Some(code), "{said}");
        for part in saying {
            assert!(said.contains(part), "`{part}` is not in: {said}");
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

/// With a password, which a server that trusts everybody doesn't look at.
fn with_secret(url: &str) -> String {
    url.replacen('@', ":${FLEET_SECRET}@", 1)
}

fn all<const N: usize>(outcomes: [(&str, &str); N]) -> BTreeMap<String, String> {
    outcomes.into_iter().map(|(name, outcome)| (name.to_owned(), outcome.to_owned())).collect()
}

#[tokio::test]
async fn what_failed_is_named_and_repeated_alone() {
    let fleet = Fleet::of(8).await;
    fleet.admin(0).await.execute_unprepared("CREATE ROLE somebody LOGIN").await.expect("a role");
    let mut lines = fleet.lines();
    lines[2] = format!("d2 postgres://u:{SECRET}@127.0.0.1:1/nothing");
    lines[5] = format!("d5 {}", with_secret(&fleet.databases[5].url("somebody")));
    fleet.list(&lines);

    let run = fleet.migrate(&["up", "--fleet", "fleet.txt", "--jobs", "3", "--report", "report.json"]);
    run.assert_ends(
        1,
        &[
            "up: 6 changed, 2 failed of 8 databases",
            "\nfailed d2\n  127.0.0.1:1 (database nothing) does not answer",
            "\nfailed d5\n",
            "`somebody`",
            "migrate up --fleet fleet.txt --jobs 3 --report report.json --failed-of report.json\n",
            "[8/8] ",
        ],
    );
    assert_eq!(run.stderr.lines().count(), 8, "a line for each: {}", run.stderr);
    let report = fleet.report();
    assert_eq!(report["command"], "up");
    assert_eq!(report["summary"], serde_json::json!({"changed": 6, "failed": 2}));
    let applied = report["databases"][0]["counts"]["applied"].as_u64().expect("a number");
    assert!(
        applied > 5
            && applied as usize == report["databases"][0]["details"]["applied"].as_array().expect("names").len()
    );

    // The one is there now, and the other one may.
    fleet.admin(0).await.execute_unprepared("ALTER ROLE somebody SUPERUSER").await.expect("altered");
    lines[2] = fleet.lines().swap_remove(2);
    fleet.list(&lines);
    let repeat = ["up", "--fleet", "fleet.txt", "--report", "report.json", "--failed-of", "report.json"];
    fleet.migrate(&repeat).assert_ends(0, &["up: 2 changed of 2 databases"]);
    assert_eq!(fleet.outcomes(), all([("d2", "changed"), ("d5", "changed")]));

    fleet.migrate(&repeat).assert_ends(0, &["nothing to do"]);
    fleet.migrate(&["up", "--fleet", "fleet.txt"]).assert_ends(0, &["up: 8 ok of 8 databases"]);
    let two = ["up", "--fleet", "fleet.txt", "--only", "d3", "--only", "d7"];
    fleet.migrate(&two).assert_ends(0, &["up: 2 ok of 2 databases"]);
}

#[tokio::test]
async fn a_run_that_is_killed_is_completed_by_a_second_one() {
    let fleet = Fleet::of(8).await;
    // One can't begin: somebody has the lock of deploys. One stops half-way: somebody is about to make a table of its.
    let (locked, taken) = (fleet.admin(1).await, fleet.admin(4).await);
    let transaction = async |db: &DatabaseConnection| sea_orm::TransactionTrait::begin(db).await.expect("begun");
    let (locker, taker) = (transaction(&locked).await, transaction(&taken).await);
    locker.execute_unprepared("SELECT pg_advisory_xact_lock(7628142, 1)").await.expect("locked");
    taker.execute_unprepared("CREATE TABLE public.pipelines ()").await.expect("made");

    let arguments = ["up", "--fleet", "fleet.txt", "--jobs", "3", "--report", "report.json"];
    let mut child = fleet.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < deadline, "the report doesn't follow the run: {:?}", fleet.outcomes());
        // The file appears with the program's start, and is whole whenever it is looked at.
        let done = fleet.file("report.json").exists()
            && fleet.outcomes().values().filter(|outcome| *outcome == "changed").count() == 6;
        if done {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let running = child.try_wait().expect("asked").is_none();
    child.kill().expect("killed");
    child.wait().expect("ended");
    assert!(running, "it was killed while it ran");
    let mut expected: BTreeMap<_, _> = (0..8).map(|number| (format!("d{number}"), "changed".to_owned())).collect();
    for name in ["d1", "d4"] {
        expected.insert(name.to_owned(), "unfinished".to_owned());
    }
    assert_eq!(fleet.outcomes(), expected);

    locker.rollback().await.expect("rolled back");
    taker.rollback().await.expect("rolled back");
    let repeat = ["up", "--fleet", "fleet.txt", "--report", "report.json", "--failed-of", "report.json"];
    fleet.migrate(&repeat).assert_ends(0, &["up: 2 changed of 2 databases"]);
    assert_eq!(fleet.outcomes(), all([("d1", "changed"), ("d4", "changed")]));
    fleet.migrate(&["verify", "--fleet", "fleet.txt"]).assert_ends(0, &["verify: 8 ok of 8 databases"]);
}

#[tokio::test]
async fn a_database_that_never_answers_ends_with_its_time() {
    let fleet = Fleet::of(4).await;
    // One waits for a lock that doesn't come; one is a server that says nothing at all.
    let locked = fleet.admin(1).await;
    let locker = sea_orm::TransactionTrait::begin(&locked).await.expect("begun");
    locker.execute_unprepared("SELECT pg_advisory_xact_lock(7628142, 1)").await.expect("locked");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut lines = fleet.lines();
    lines[2] = format!("d2 postgres://u:{SECRET}@{}/silent", silent.local_addr().expect("an address"));
    fleet.list(&lines);

    let arguments = ["up", "--fleet", "fleet.txt", "--jobs", "2", "--report", "report.json"];
    let began = Instant::now();
    fleet.migrate(&[&arguments[..], &["--time-limit", "4"]].concat()).assert_ends(
        1,
        &[
            "\nfailed d1\n  it took longer than 4 s (--time-limit)",
            "\nfailed d2\n  it took longer than 4 s (--time-limit)",
        ],
    );
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!(fleet.outcomes(), all([("d0", "changed"), ("d1", "failed"), ("d2", "failed"), ("d3", "changed")]));

    locker.rollback().await.expect("rolled back");
    fleet.list(&fleet.lines());
    let repeat = [&arguments[..], &["--failed-of", "report.json"]].concat();
    fleet.migrate(&repeat).assert_ends(0, &["up: 2 changed of 2 databases"]);
}

#[tokio::test]
async fn two_runs_at_once_take_turns() {
    let fleet = Fleet::of(4).await;
    let mut reversed = fleet.lines();
    reversed.reverse();
    fs::write(fleet.file("reversed.txt"), reversed.join("\n")).expect("written");
    let arguments = |list| ["up", "--fleet", list, "--jobs", "2"];
    let other = fleet.command(&arguments("reversed.txt")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let run = fleet.migrate(&arguments("fleet.txt"));
    let other = other.expect("it runs").wait_with_output().expect("it ends");
    run.assert_ends(0, &[" of 4 databases"]);
    assert!(other.status.success(), "{}{}", text(other.stdout), text(other.stderr));
    fleet.migrate(&["plan", "--check", "--fleet", "fleet.txt"]).assert_ends(0, &["plan: 4 ok of 4 databases"]);
}

#[tokio::test]
async fn first_runs_at_once_agree_on_the_roles() {
    let fleet = Fleet::of(8).await;
    // Made by hand, without what a deploy gives them: all have the same to do to the same rows.
    let by_hand = "CREATE ROLE tenancy_owner; CREATE ROLE tenancy_migrator LOGIN; CREATE ROLE tenancy_app LOGIN;
        ALTER ROLE tenancy_app SET statement_timeout = '10s'; CREATE ROLE tenancy_admin LOGIN; CREATE ROLE tenancy_mover";
    fleet.admin(0).await.execute_unprepared(by_hand).await.expect("made");
    let run = fleet.migrate(&["up", "--fleet", "fleet.txt", "--jobs", "8"]);
    run.assert_ends(0, &["up: 8 changed of 8 databases"]);
}

#[tokio::test]
async fn a_plan_and_a_look_change_nothing_and_say_what_is_not_as_it_should_be() {
    let fleet = Fleet::of(2).await;
    let plan = ["plan", "--fleet", "fleet.txt", "--report", "report.json"];
    let run = fleet.migrate(&plan);
    run.assert_ends(
        0,
        &["plan: 2 differs of 2 databases", "\ndiffers d0\n", "  pending: roles and the schema tenancy\n"],
    );
    fleet.migrate(&plan).assert_ends(0, &["plan: 2 differs of 2 databases"]);
    let deploy = ["up", "--fleet", "fleet.txt", "--failed-of", "report.json"];
    fleet.migrate(&deploy).assert_ends(0, &["up: 2 changed of 2 databases"]);
    fleet.migrate(&plan).assert_ends(0, &["plan: 2 ok of 2 databases"]);

    let harm = "ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY";
    fleet.admin(1).await.execute_unprepared(harm).await.expect("broken");
    let check = fleet.migrate(&["plan", "--check", "--fleet", "fleet.txt"]);
    check.assert_ends(1, &["1 ok, 1 differs of 2", "table public.molecules: row-level security and rights"]);
    let verify = ["verify", "--fleet", "fleet.txt", "--report", "report.json"];
    fleet.migrate(&verify).assert_ends(1, &["1 ok, 1 findings of 2", "\nfindings d1\n  error[rls-not-forced]: "]);
    assert_eq!(fleet.outcomes(), all([("d0", "ok"), ("d1", "findings")]));
    assert_eq!(fleet.report()["databases"][1]["details"]["findings"][0]["lint"], "rls-not-forced");
    assert_eq!(fleet.report()["databases"][1]["counts"]["errors"], 1);
    fs::write(fleet.file("accepted"), "rls-not-forced table public.molecules\n").expect("written");
    let accepting = ["verify", "--fleet", "fleet.txt", "--failed-of", "report.json", "--baseline", "accepted"];
    fleet.migrate(&accepting).assert_ends(0, &["verify: 1 ok of 1 databases"]);
}

#[tokio::test]
async fn a_database_under_two_names_is_done_once() {
    let fleet = Fleet::of(2).await;
    fleet.admin(0).await.execute_unprepared("CREATE ROLE deployer LOGIN SUPERUSER").await.expect("a role");
    let by_socket = with_secret(&fleet.databases[0].url("deployer"));
    let by_port = fleet.cluster.tcp_url("deployer", fleet.databases[0].name()).expect("it listens");
    let lines = [format!("one {by_socket}"), fleet.lines().swap_remove(1), format!("two {}", with_secret(&by_port))];
    fleet.list(&lines);
    for command in ["up", "plan", "verify"] {
        let run = fleet.migrate(&[command, "--fleet", "fleet.txt", "--report", "report.json"]);
        run.assert_ends(1, &["is the same database as `", "take one of the two names out of the list"]);
        let outcomes = fleet.outcomes();
        let failed: Vec<_> = outcomes.iter().filter(|(_, outcome)| *outcome == "failed").collect();
        assert!(matches!(failed[..], [(name, _)] if name != "d1"), "{command}: {outcomes:?}");
    }
}

#[test]
fn bad_arguments_are_explained_before_anything_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("fleet.txt"), format!("a postgres://u:{SECRET}@127.0.0.1:1/a\nb ${{FLEET_B}}\n")).expect("written");
    fs::write(
        at("bad.txt"),
        format!("a postgres://u:{SECRET}@127.0.0.1:1/a\npostgres://u:{SECRET}@h/b\nc ${{NO_SUCH}}\n"),
    )
    .expect("written");
    fs::write(at("report.json"), r#"{"databases": [{"name": "gone", "outcome": "failed"}]}"#).expect("written");
    fs::write(at("other.json"), "{}").expect("written");
    for (arguments, saying) in [
        (&["up", "--fleet", "missing.txt"][..], &["missing.txt can't be used: "][..]),
        (
            &["up", "--fleet", "bad.txt"],
            &["bad.txt:2: the line doesn't begin with a name", "bad.txt:3: the URL of `c`: "],
        ),
        (&["plan", "--fleet", "fleet.txt", "--only", "c"], &["fleet.txt has no database `c`"]),
        (&["verify", "--fleet", "fleet.txt", "--failed-of", "report.json"], &["fleet.txt has no database `gone`"]),
        (&["up", "--fleet", "fleet.txt", "--failed-of", "other.json"], &["not the report of a fleet"]),
        (&["up", "--fleet", "fleet.txt", "--report", "no/such/folder"], &["no/such/folder can't be used: "]),
        (
            &["plan", "--fleet", "fleet.txt", "--report", "fleet.txt"],
            &["fleet.txt can't be used: it holds something else"],
        ),
        (
            &["plan", "--fleet", "fleet.txt", "--report", "/dev/stdout"],
            &["/dev/stdout can't be used: it is there, and no file"],
        ),
        (&["up", "--fleet", "fleet.txt", "-u", "postgres://h/d"], &["cannot be used with"]),
        (&["up", "--fleet", "-"], &["standard input names no database"]),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_migrate"))
            .args(arguments)
            .current_dir(folder.path())
            .env_remove("DATABASE_URL")
            .env("FLEET_B", "postgres://127.0.0.1:1/b")
            .stdin(Stdio::null())
            .output()
            .expect("it runs");
        let said = format!("{}{}", text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(!said.contains(SECRET) && !said.contains("failed in"), "{arguments:?}: {said}");
        for part in saying {
            assert!(said.contains(part), "{arguments:?}: `{part}` is not in: {said}");
        }
    }
}
