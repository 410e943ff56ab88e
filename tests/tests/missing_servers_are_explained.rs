//! Whoever has no usable PostgreSQL is told what is wrong and what to do.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use sea_orm::ConnectionTrait;
use tempfile::TempDir;
use tenant_testkit::{Cluster, ClusterError, Programs, ProgramsError};

#[test]
fn this_machines_programs_are_found() {
    let programs = Programs::find().unwrap();
    assert!(programs.version() >= 15);
    assert!(programs.path("initdb").is_file());
}

#[test]
fn a_link_leads_to_the_real_folder() {
    let real = Programs::find().unwrap();
    let folder = TempDir::new().unwrap();
    std::os::unix::fs::symlink(real.path("postgres"), folder.path().join("postgres")).unwrap();
    assert_eq!(Programs::find_in([folder.path().to_owned()]).unwrap(), real);
}

#[test]
fn without_programs_the_error_tells_where_it_looked_and_how_to_install() {
    let folder = TempDir::new().unwrap();
    let error = Programs::find_in([folder.path().to_owned(), "/nowhere".into()]).unwrap_err();
    assert!(matches!(error, ProgramsError::NotFound { .. }), "{error:?}");
    for part in [folder.path().to_str().unwrap(), "/nowhere", "apt-get", "dnf", "brew", "TENANT_PG_BIN", "DATABASE_URL"]
    {
        assert!(error.to_string().contains(part), "no {part} in: {error}");
    }
}

#[test]
fn programs_that_are_too_old_are_named_with_their_version() {
    let (old, older) =
        (programs_that_say("postgres (PostgreSQL) 14.9"), programs_that_say("postgres (PostgreSQL) 9.6.24"));
    let error = Programs::find_in([older.path().to_owned(), old.path().to_owned()]).unwrap_err();
    assert!(matches!(error, ProgramsError::TooOld { version: 14, .. }), "{error:?}");
    assert!(error.to_string().contains("PostgreSQL 14 in"), "{error}");
    assert!(error.to_string().contains("apt-get install"), "{error}");
}

#[test]
fn an_old_version_is_passed_over_for_a_newer_one() {
    let (old, new) =
        (programs_that_say("postgres (PostgreSQL) 14.9"), programs_that_say("postgres (PostgreSQL) 18beta1"));
    assert_eq!(Programs::find_in([old.path().to_owned(), new.path().to_owned()]).unwrap().version(), 18);
}

#[tokio::test]
async fn a_setting_the_server_refuses_is_in_the_error() {
    let error = Cluster::builder().setting("shared_buffers", "plenty").start().await.unwrap_err();
    assert!(matches!(error, ClusterError::Ended { .. }), "{error:?}");
    assert!(error.to_string().contains(r#"invalid value for parameter "shared_buffers": "plenty""#), "{error}");
}

#[tokio::test]
async fn a_wrong_database_url_is_an_error_that_names_it_without_its_password() {
    for url in ["localhost/db", "mysql://root@localhost/db", "no url"] {
        let error = Cluster::connect(url).await.unwrap_err();
        assert!(matches!(error, ClusterError::NotAUrl { .. }), "{error:?}");
        assert!(error.to_string().contains("DATABASE_URL is not of the form postgres://"), "{error}");
    }
    let error = Cluster::connect("postgres://root:hunter2@127.0.0.1:1/db").await.unwrap_err();
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("postgres://root:***@127.0.0.1:1/db"), "{error}");
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_database_url_of_an_ordinary_role_is_refused() {
    let cluster = Cluster::builder().start().await.unwrap();
    let database = cluster.empty_database().await.unwrap();
    database.admin().await.unwrap().execute_unprepared("CREATE ROLE somebody LOGIN").await.unwrap();
    let error = Cluster::connect(&database.url("somebody")).await.unwrap_err();
    assert!(matches!(&error, ClusterError::NotSuperuser { role, .. } if role == "somebody"), "{error:?}");
    assert!(error.to_string().contains("ALTER ROLE somebody SUPERUSER"), "{error}");
}

/// A folder with an `initdb` that does nothing and a `postgres` that only tells its version.
fn programs_that_say(version: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    program(&folder.path().join("initdb"), "exit 1");
    program(&folder.path().join("postgres"), &format!("echo '{version}'"));
    folder
}

fn program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
