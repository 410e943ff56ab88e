//! A database that was dumped and restored under another name is started on like the first, and not when something that isolation
//! rests on was lost on the way.

use std::path::Path;
use std::process::Command;

use tenant_core::PreflightProblem;
use tenant_testkit::{Database, Programs};

use crate::posture::{posture, recorded, refusal, start};
use crate::support::{empty_database, execute};

fn run(program: &str, arguments: &[&str]) {
    let path = Programs::find().expect("PostgreSQL's programs").path(program);
    let output = Command::new(path).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A copy by pg_dump and pg_restore, with the database's own rights, which a dump doesn't hold, given by hand.
async fn restored(database: &Database) -> Database {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dump");
    run("pg_dump", &["--format=custom", "--file", text(&file), "--dbname", &database.superuser_url()]);
    let (admin, copy) = empty_database().await;
    run("pg_restore", &["--exit-on-error", "--dbname", &copy.superuser_url(), text(&file)]);
    let refusal = refusal(&copy).await;
    assert!(matches!(refusal.problems(), [PreflightProblem::Right { .. }]), "{refusal}");
    execute(&admin, &format!("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC", copy.name())).await;
    copy
}

#[tokio::test]
async fn a_copy_is_started_on() {
    let database = recorded().await;
    let copy = restored(&database).await;
    assert_eq!(posture(&copy, "").await, posture(&database, "").await);
    let tenants = start(&copy).await.expect("the same as it was");
    assert_eq!(tenants.deployment().program(), "sample 1.2.3");
    // And what is restored from that.
    start(&restored(&copy).await).await.expect("the same again");
}

#[tokio::test]
async fn a_copy_that_lost_something_is_refused() {
    for lost in [
        "DROP POLICY system_access ON molecules",
        "REVOKE SELECT ON targets FROM tenancy_reporting",
        "ALTER TABLE job_results DROP CONSTRAINT job_results_job_id_fkey",
        "DROP TRIGGER stamp ON molecules",
    ] {
        let copy = restored(&recorded().await).await;
        execute(&copy.admin().await.expect("a superuser's connection"), lost).await;
        let refusal = refusal(&copy).await;
        assert!(matches!(refusal.problems(), [PreflightProblem::Changed { .. }]), "{lost}: {refusal}");
    }
}
