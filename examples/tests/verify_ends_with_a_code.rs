//! `migrate verify` as a program: 0 for a sound database, 1 for errors that aren't accepted, 2 for bad arguments.

use std::process::{Command, Output};

use sea_orm::ConnectionTrait;
use tenant_testkit::{Cluster, Database};

fn verify(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_migrate"))
        .arg("verify")
        .args(arguments)
        .env_remove("DATABASE_URL")
        .env_remove("DATABASE_SCHEMA")
        .output()
        .expect("the program runs")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

async fn migrated() -> Database {
    let database = Cluster::shared().await.expect("a PostgreSQL").empty_database().await.expect("a database");
    let migrator = examples::migrator().expect("the sample");
    migrator.up(&database.admin().await.expect("a connection"), None).await.expect("migrated");
    database
}

#[tokio::test]
async fn by_what_is_found_and_accepted() {
    let database = migrated().await;
    let url = database.superuser_url();
    let by_column = ["-u", &url, "--tenant-column", "organization_id", "--app-role", "tenancy_app"];
    for arguments in [&["-u", &url][..], &by_column] {
        let output = verify(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert!(said(&output).contains("verify: 0 errors, "), "{}", said(&output));
    }

    let admin = database.admin().await.expect("a connection");
    admin.execute_unprepared("ALTER TABLE molecules NO FORCE ROW LEVEL SECURITY").await.expect("broken");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("accepted");
    let file = file.to_str().expect("UTF-8");
    let output = verify(&["-u", &url, "--format", "json", "--write-baseline", file]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!(json["findings"][0]["lint"], "rls-not-forced");

    let output = verify(&["-u", &url, "--format", "sarif", "--baseline", file]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let sarif: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["suppressions"][0]["kind"], "external");
}

#[test]
fn by_bad_arguments() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("not-a-baseline");
    std::fs::write(&file, "only-a-lint\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    for (arguments, saying) in [
        (&["--format", "xml"][..], "invalid value 'xml'"),
        (&["--tenant-column", "tenant_id"], "--app-role"),
        (&["-u", "postgres://localhost/x", "--baseline", "/no/such/file"], "/no/such/file"),
        (&["-u", "postgres://localhost/x", "--baseline", file], "line 1 is not the id of a lint"),
    ] {
        let output = verify(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(saying), "{arguments:?}: {}", said(&output));
    }
}

#[test]
fn by_a_database_that_is_not_there() {
    let output = verify(&["-u", "postgres://nobody@127.0.0.1:1/nothing"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("does not answer"), "{}", said(&output));
}

#[test]
fn the_lints_are_listed_without_a_database() {
    let output = verify(&["--list-lints"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("| `rls-not-forced` | error |"), "{}", said(&output));
}
