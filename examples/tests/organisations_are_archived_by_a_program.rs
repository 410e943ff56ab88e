//! `migrate tenant export`, `restore` and `clone` as a program: what is in the way is said, and what was exported comes back.

#[expect(dead_code, reason = "another program's tests use the rest of it")]
mod town;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sea_orm::ConnectionTrait;
use serde_json::Value;
use tenant_testkit::Cluster;
use town::{ACME, Run, Town};

const PASSPHRASE: &str = "open sesame";

fn run(town: &Town, arguments: &[&str], passphrase: &str) -> Run {
    let mut command = town.command(arguments);
    Run::of(command.env("TENANT_ARCHIVE_PASSPHRASE", passphrase).output().expect("the program runs"))
}

/// Each line is an object; their events.
fn events(run: &Run) -> Vec<String> {
    let event = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        line["event"].as_str().expect("its name").to_owned()
    };
    run.stdout.lines().map(event).collect()
}

#[tokio::test]
async fn it_is_exported_restored_and_cloned() {
    let town = Town::on(Cluster::builder()).await;
    let database = town.placement("eu_1").await;
    town.migrate(&["up", "--fleet-of-catalog"]).assert_ends(0, &[]);
    let create = ["tenant", "create", "--id", ACME, "--name", "Acme", "--placement", "eu_1"];
    town.migrate(&create).assert_ends(0, &["is active"]);
    let admin = database.admin().await.expect("a connection");
    let people = format!(
        "INSERT INTO organizations (id, name) VALUES ('{ACME}', 'Acme');
         INSERT INTO users (organization_id, id, email, name) VALUES ('{ACME}', gen_random_uuid(), 'a@acme.example', 'A')"
    );
    admin.execute_unprepared(&people).await.expect("inserted");
    let export = ["tenant", "export", "Acme", "acme.archive"];
    run(&town, &["tenant", "export", "Nobody", "acme.archive"], "").assert_ends(1, &["Nobody"]);
    run(&town, &[&export[..], &["--mask", "users.mail='x'"]].concat(), "").assert_ends(1, &["users.mail", "\"email\""]);
    run(&town, &[&export[..], &["--mask", "users"]].concat(), "").assert_ends(2, &["TABLE.COLUMN=EXPRESSION"]);
    run(&town, &[&export[..], &["--recipient", "age1x"]].concat(), "").assert_ends(1, &["age1x"]);
    let file = town.folder.path().join("acme.archive");
    assert!(!file.exists(), "nothing was done yet");
    run(&town, &export, PASSPHRASE).assert_ends(0, &["has 2 rows", "it is encrypted"]);
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    run(&town, &export, PASSPHRASE).assert_ends(1, &["acme.archive"]);
    let check = ["tenant", "check-archive", "acme.archive"];
    run(&town, &check, "").assert_ends(1, &["it is encrypted"]);
    run(&town, &check, "open sesamE").assert_ends(1, &["passphrase is wrong"]);
    let checked = run(&town, &check, PASSPHRASE);
    checked.assert_ends(0, &[]);
    let summary: Value = serde_json::from_str(&checked.stdout).expect("JSON");
    assert_eq!((summary["organization"].as_str(), summary["name"].as_str()), (Some(ACME), Some("Acme")));
    let restore = ["tenant", "restore", "acme.archive"];
    run(&town, &restore, PASSPHRASE).assert_ends(1, &["is active", "migrate tenant suspend"]);
    run(&town, &[&restore[..], &["--as", "Copy"]].concat(), PASSPHRASE).assert_ends(2, &["--to"]);
    let secret = town.folder.path().join("secret");
    fs::write(&secret, format!("{PASSPHRASE}\n")).expect("written");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).expect("changed");
    let copy = ["--as", "Copy", "--to", "eu_1", "--passphrase-file", "secret", "--format", "json"];
    let copy = [&restore[..], &copy].concat();
    run(&town, &copy, "").assert_ends(1, &["chmod 600"]);
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("changed");
    let restored = run(&town, &copy, "");
    restored.assert_ends(0, &[r#""event":"restored""#, r#""status":"active""#]);
    let told = events(&restored);
    assert!(told.iter().any(|event| event == "copied") && told.iter().any(|event| event == "compared"), "{told:?}");
    run(&town, &copy, "").assert_ends(1, &["\"Copy\"", "already"]);
    town.migrate(&["tenant", "suspend", "Acme"]).assert_ends(0, &[]);
    admin.execute_unprepared(&format!("DELETE FROM users WHERE organization_id = '{ACME}'")).await.expect("deleted");
    run(&town, &restore, PASSPHRASE).assert_ends(1, &["has rows", "--replace"]);
    run(&town, &[&restore[..], &["--replace", "Acme"]].concat(), PASSPHRASE)
        .assert_ends(0, &["1 rows removed", "suspended"]);
    town.migrate(&["tenant", "resume", "Acme"]).assert_ends(0, &[]);
    let clone = [
        "tenant",
        "clone",
        "Acme",
        "--as",
        "Staging",
        "--to",
        "eu_1",
        "--mask",
        "users.email=id || '@example.invalid'",
    ];
    run(&town, &clone, "").assert_ends(0, &["Staging", "active", "are what was sent"]);
    let found = admin.query_all_raw(sea_orm::Statement::from_string(
        sea_orm::DbBackend::Postgres,
        "SELECT count(*)::int8 AS people, count(*) FILTER (WHERE email = id || '@example.invalid')::int8 AS masked FROM users",
    ));
    let found = found.await.expect("an answer");
    let numbers = |column: &str| found[0].try_get::<i64>("", column).expect("a number");
    assert_eq!((numbers("people"), numbers("masked")), (3, 1));
    let text = fs::read(&file).expect("read");
    fs::write(&file, &text[..text.len() / 2]).expect("written");
    run(&town, &check, PASSPHRASE).assert_ends(1, &["take another copy"]);
}
