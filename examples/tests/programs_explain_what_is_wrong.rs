//! Bad input to the programs: a message that says what to do, an exit status that is not 0, nothing half-done.

use std::path::Path;
use std::process::{Command, Output};

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tenant_testkit::{Cluster, Database};

const HEADER: &str = "chembl_id,name,molecule_type,first_approval,smiles\n";

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env_remove("DATABASE_SCHEMA")
        .output()
        .expect("the program runs")
}

/// The program fails, without a panic, and says all of `parts`.
fn assert_explains(output: &Output, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it succeeded: {said}");
    assert_ne!(output.status.code(), Some(101), "it panicked: {said}");
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

fn demo(arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_demo"), arguments)
}

fn migrate(arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_migrate"), arguments)
}

async fn empty() -> Database {
    Cluster::shared().await.expect("a PostgreSQL").empty_database().await.expect("a database")
}

async fn migrated() -> Database {
    let database = empty().await;
    let migrator = examples::migrator().expect("the sample");
    migrator.up(&database.admin().await.expect("a connection"), None).await.expect("migrated");
    database
}

#[tokio::test]
async fn a_malformed_file_leaves_nothing_half_loaded() {
    let database = migrated().await;
    let url = database.url("tenancy_app");
    let good = "CHEMBL2,PRAZOSIN,Small molecule,1976,CO\n";
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text, position, saying) in [
        ("short.csv", format!("{HEADER}{good}CHEMBL3,NICOTINE\n"), ":3:1:", "2 fields, where the header has 5"),
        ("long.csv", format!("{HEADER}{good}a,b,c,1984,e,f\n"), ":3:1:", "6 fields, where the header has 5"),
        (
            "duplicate.csv",
            format!("{HEADER}{good}X,Y,Z,,C\n{good}"),
            ":4:1:",
            "the id `CHEMBL2` already stands in line 2",
        ),
        (
            "column.csv",
            format!("chembl_id,name,weight\n{good}"),
            ":1:16:",
            "unknown column `weight`: the file has the columns chembl_id",
        ),
        ("missing.csv", format!("chembl_id,name\n{good}"), ":1:1:", "the header has no column `molecule_type`"),
        ("twice.csv", format!("chembl_id,chembl_id\n{good}"), ":1:11:", "names the column `chembl_id` twice"),
        (
            "year.csv",
            format!("{HEADER}{good}CHEMBL3,NICOTINE,Small molecule,never,CN\n"),
            ":3:33:",
            "`first_approval` is `never`, which is not a year",
        ),
        (
            "quoted.csv",
            format!("{HEADER}{good}CHEMBL3,\"NICO,TINE\",Small molecule,x,CN\n"),
            ":3:36:",
            "`first_approval` is `x`",
        ),
        ("empty.csv", format!("{HEADER}{good}CHEMBL3,,Small molecule,,CN\n"), ":3:9:", "`name` is empty"),
        ("nothing.csv", String::new(), ":1:1:", "the header has no column"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let path = path.to_str().expect("a plain path");
        assert_explains(&demo(&["-u", &url, "--molecules", path]), &[&format!("{path}{position}"), saying]);
    }
    let unreadable = folder.path().join("latin1.csv");
    std::fs::write(&unreadable, [HEADER.as_bytes(), b"CHEMBL2,PR\xc9,Small molecule,1976,CO\n"].concat())
        .expect("written");
    assert_explains(
        &demo(&["-u", &url, "--molecules", unreadable.to_str().expect("plain")]),
        &["latin1.csv", "can't be read"],
    );
    assert_explains(&demo(&["-u", &url, "--ligands", "/no/such/file.csv"]), &["/no/such/file.csv", "can't be read"]);
    let admin = database.admin().await.expect("a connection");
    for table in ["organizations", "molecules"] {
        let count = Statement::from_string(DbBackend::Postgres, format!("SELECT count(*) FROM {table}"));
        let row = admin.query_one_raw(count).await.expect("an answer").expect("a row");
        assert_eq!(row.try_get_by_index::<i64>(0).expect("a count"), 0, "{table}");
    }
}

#[tokio::test]
async fn the_demo_says_what_is_wrong_with_its_database() {
    assert_explains(
        &demo(&["-u", "postgres://tenancy_app@127.0.0.1:1/x"]),
        &["can't connect to database x on 127.0.0.1 port 1"],
    );
    assert_explains(&demo(&["-u", "localhost/x"]), &["postgres://role:password@host:port/database"]);
    let database = migrated().await;
    assert_explains(
        &demo(&["-u", &database.superuser_url()]),
        &["is a superuser", "connect as the application's role"],
    );
    let unmigrated = empty().await;
    assert_explains(
        &demo(&["-u", &unmigrated.url("tenancy_app")]),
        &["tenancy.current_tenant() is missing", "migrate up"],
    );
}

#[tokio::test]
async fn the_demo_says_that_no_postgresql_is_installed() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_demo"))
        .env_remove("DATABASE_URL")
        .env("TENANT_PG_BIN", folder.path())
        .output()
        .expect("the program runs");
    assert_explains(&output, &["TENANT_PG_BIN"]);
}

#[tokio::test]
async fn the_deploy_binary_says_what_is_wrong_with_its_database() {
    let secret = "s3cret-in-the-url";
    assert_explains(&migrate(&["up"]), &["DATABASE_URL"]);
    assert_explains(&migrate(&["up", "-u", "mysql://localhost/x"]), &["postgres://"]);
    let unreachable = migrate(&["up", "-u", &format!("postgres://tenancy_migrator:{secret}@127.0.0.1:1/x")]);
    assert_explains(&unreachable, &["127.0.0.1"]);
    assert!(!String::from_utf8_lossy(&unreachable.stderr).contains(secret), "the password is shown");
    let database = migrated().await;
    assert_explains(&migrate(&["up", "-u", &database.url("tenancy_app")]), &["tenancy_app", "tenancy_migrator"]);
    assert_explains(&migrate(&["up", "-u", &database.url("no_such_role")]), &["no_such_role"]);
    assert_explains(&migrate(&["up", "-s", "no_such_schema", "-u", &database.superuser_url()]), &["no_such_schema"]);
    assert_explains(&migrate(&["sideways"]), &["sideways"]);
}

#[tokio::test]
async fn the_deploy_binary_walks_as_seaorm_calls_it() {
    let database = empty().await;
    let url = database.superuser_url();
    let succeeds = |arguments: &[&str]| {
        let output = migrate(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said} {}", String::from_utf8_lossy(&output.stderr));
        said
    };
    let status = succeeds(&["status", "-u", &url]);
    assert!(status.contains("table public.users: Pending"), "{status}");
    succeeds(&["up", "-n", "1", "-u", &url]);
    let status = succeeds(&["status", "-u", &url]);
    assert!(status.contains("tables: as the entities say") && status.contains("targets: Pending"), "{status}");
    assert!(!migrate(&["plan", "--check", "-u", &url]).status.success(), "a migration of data is pending");
    succeeds(&["up", "-v", "-u", &url]);
    assert_eq!(succeeds(&["plan", "--check", "-u", &url]), "");
    succeeds(&["down", "-n", "1", "-u", &url]);
    for command in ["up", "refresh", "fresh", "reset"] {
        succeeds(&[command, "-u", &url]);
    }
    succeeds(&["-u", &url]);
}

#[tokio::test]
async fn deploys_of_one_database_wait_for_one_another() {
    let database = empty().await;
    let url = database.superuser_url();
    let deploy =
        || Command::new(env!("CARGO_BIN_EXE_migrate")).args(["up", "-u", &url]).env_remove("DATABASE_URL").output();
    let (first, second, third) = std::thread::scope(|scope| {
        let deploys = [scope.spawn(deploy), scope.spawn(deploy), scope.spawn(deploy)];
        let [first, second, third] = deploys.map(|deploy| deploy.join().expect("no panic").expect("it runs"));
        (first, second, third)
    });
    for output in [first, second, third] {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn the_demo_runs_on_a_database_that_the_deploy_binary_made() {
    let database = empty().await;
    let deployed = migrate(&["up", "-u", &database.superuser_url()]);
    assert!(deployed.status.success(), "{}", String::from_utf8_lossy(&deployed.stderr));
    for round in ["on the empty one", "beside the first three organisations"] {
        let shown = demo(&["-u", &database.url("tenancy_app")]);
        let said = String::from_utf8_lossy(&shown.stdout);
        assert!(shown.status.success(), "{round}: {said} {}", String::from_utf8_lossy(&shown.stderr));
        assert!(said.contains("30 of 30 attempts were stopped"), "{round}: {said}");
    }
}

#[test]
fn a_plan_needs_no_database() {
    let output = migrate(&["plan", "--empty"]);
    let plan = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{plan}");
    for part in ["CREATE TABLE \"public\".\"molecules\"", "FORCE ROW LEVEL SECURITY", "CREATE ROLE", "-- "] {
        assert!(plan.contains(part), "`{part}` is not in: {plan}");
    }
}

#[test]
fn the_samples_own_files_are_whole() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    assert_eq!(examples::Drug::read(&data.join("chembl_approved_drugs.csv")).expect("whole").len(), 2628);
    assert_eq!(examples::Ligand::read(&data.join("cdk2_ligands.csv")).expect("whole").len(), 47);
}

#[test]
fn the_deploy_binary_gives_no_connection_away() {
    // Nobody listens on port 1: what is refused was refused before that was found out.
    let url = "postgres://tenancy_migrator:hunter2@0x7f000001:1/app?sslmode=require";
    for command in ["status", "plan", "verify", "up"] {
        let output = migrate(&[command, "-u", url]);
        assert_explains(&output, &["sslmode=require", "0x7f000001", "sslrootcert=FILE", "--trust-network"]);
        assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
    }
    assert_explains(&migrate(&["status", "--trust-network", "-u", url]), &["does not answer"]);
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("fleet.txt");
    std::fs::write(&list, format!("one {url}\n")).expect("written");
    let list = list.to_str().expect("a plain path");
    for command in ["up", "plan", "verify"] {
        let output = migrate(&[command, "--fleet", list]);
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("sslmode=require") && !said.contains("hunter2"), "{said}");
        let trusted = migrate(&[command, "--fleet", list, "--trust-network"]);
        assert!(String::from_utf8_lossy(&trusted.stdout).contains("does not answer"), "{trusted:?}");
    }
}
