//! `migrate tenant erase` as a program: what is in the way is said before anything goes, and the report can be checked.

#[expect(dead_code, reason = "another program's tests use the rest of it")]
mod town;

use std::fs;

use sea_orm::ConnectionTrait;
use tenant_testkit::Cluster;
use town::{ACME, Run, Town};

const ERASE: [&str; 7] = ["tenant", "erase", ACME, "--reason", "contract ended", "--report", "acme.json"];

fn run(town: &Town, arguments: &[&str], key: &str) -> Run {
    Run::of(town.command(arguments).env("TENANT_AUDIT_KEY", key).output().expect("the program runs"))
}

#[tokio::test]
async fn it_is_erased_and_the_report_is_checked() {
    let town = Town::on(Cluster::builder()).await;
    let database = town.placement("eu_1").await;
    town.migrate(&["up", "--fleet-of-catalog"]).assert_ends(0, &[]);
    let create = ["tenant", "create", "--id", ACME, "--name", "Acme", "--placement", "eu_1"];
    town.migrate(&create).assert_ends(0, &["is active"]);
    let rows = format!(
        "INSERT INTO organizations (id, name) VALUES ('{ACME}', 'Acme');
         INSERT INTO users (organization_id, id, email, name) VALUES ('{ACME}', gen_random_uuid(), 'a@acme.example', 'A')"
    );
    database.admin().await.expect("a connection").execute_unprepared(&rows).await.expect("inserted");
    let (key, stranger) = ("1".repeat(64), "2".repeat(64));
    let file = town.folder.path().join("acme.json");
    let confirmed = [&ERASE[..], &["--confirm", "Acme"]].concat();
    run(&town, &confirmed, &key).assert_ends(1, &["is active", "migrate tenant suspend"]);
    town.migrate(&["tenant", "suspend", "Acme"]).assert_ends(0, &[]);
    run(&town, &ERASE, &key).assert_ends(2, &["--confirm"]);
    run(&town, &[&ERASE[..], &["--confirm", "Beta"]].concat(), &key).assert_ends(1, &["nothing was removed"]);
    run(&town, &confirmed, "").assert_ends(1, &["TENANT_AUDIT_KEY"]);
    assert!(!file.exists(), "nothing was done yet");
    fs::write(&file, "of another").expect("written");
    run(&town, &confirmed, &key).assert_ends(1, &["acme.json"]);
    assert_eq!(town.status(ACME), "suspended", "nothing was done yet");
    fs::remove_file(&file).expect("removed");
    let told = ["2 rows in 1 placements", "1 log entries", r#"{"event":"begun","placements":1}"#, r#""rows":1}"#];
    run(&town, &[&confirmed[..], &["--format", "json"]].concat(), &key).assert_ends(0, &told);
    assert_eq!(town.status(ACME), "archived");
    let check = ["tenant", "check-erasure", "acme.json"];
    run(&town, &check, &key).assert_ends(0, &["contract ended", ACME]);
    run(&town, &check, &stranger).assert_ends(1, &["can't be trusted"]);
    let text = fs::read_to_string(&file).expect("a report");
    fs::write(&file, text.replace("contract", "contrabt")).expect("written");
    run(&town, &check, &key).assert_ends(1, &["can't be trusted"]);
    fs::write(&file, &text[..text.len() / 2]).expect("written");
    run(&town, &check, &key).assert_ends(1, &["can't be trusted"]);
}
