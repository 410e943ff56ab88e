//! A throw-away server or PgBouncer ends with the value or the process that started it, and its folder with it.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tenant_testkit::{Cluster, PgBouncer};

use crate::support::{Killed, bouncer, this_program_as};

/// What `a_process_with_a_cluster` writes before its server's folder.
const READY: &str = "cluster in ";

/// What `a_process_with_a_pgbouncer` writes before its PgBouncer's URL.
const LISTENING: &str = "PgBouncer at ";

#[tokio::test]
async fn a_dropped_cluster_leaves_nothing() {
    let cluster = Cluster::builder().start().await.unwrap();
    let (folder, postmaster) = running(cluster.folder().unwrap());
    drop(cluster);
    assert!(!folder.exists());
    assert!(!is_alive(postmaster));
}

#[tokio::test]
async fn a_dropped_pgbouncer_leaves_nothing() {
    let cluster = Cluster::builder().start().await.unwrap();
    let bouncer = bouncer(PgBouncer::builder(&cluster)).await;
    let (folder, url) = (bouncer.folder().to_owned(), bouncer.url("somebody", "somewhere"));
    assert!(listens(&url));
    drop(bouncer);
    assert!(!folder.exists());
    assert!(!listens(&url));
}

#[test]
fn a_process_killed_while_starting_leaves_nothing() {
    let base = folder_for_everybody();
    let mut starting = Killed(another_process("a_process_with_a_cluster", &base).spawn().unwrap());
    let data = || base.path().read_dir().unwrap().any(|folder| folder.unwrap().path().join("data").exists());
    wait_until("initialising has begun", data);
    starting.0.kill().unwrap();
    wait_until("the folder is gone", || base.path().read_dir().unwrap().next().is_none());
}

#[test]
fn a_killed_process_takes_its_cluster_along() {
    let base = folder_for_everybody();
    let (mut process, ready) = started("a_process_with_a_cluster", &base, READY);
    let (folder, postmaster) = running(Path::new(&ready));
    assert!(is_alive(postmaster));

    process.0.kill().unwrap();
    let killed = Instant::now();
    wait_until("the server and its folder are gone", || !is_alive(postmaster) && !folder.exists());
    assert!(killed.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_killed_process_takes_its_pgbouncer_along() {
    let base = folder_for_everybody();
    let (mut process, url) = started("a_process_with_a_pgbouncer", &base, LISTENING);
    assert!(listens(&url));

    process.0.kill().unwrap();
    let killed = Instant::now();
    wait_until("PgBouncer is gone", || !listens(&url));
    wait_until("the folders are gone", || base.path().read_dir().unwrap().next().is_none());
    assert!(killed.elapsed() < Duration::from_secs(5));
}

/// Run by the tests above in a process of its own. The child that outlives it must not keep the server alive, as it would
/// with the pipe's other end in its hands.
#[tokio::test]
#[ignore = "runs until it is killed"]
#[expect(clippy::zombie_processes, reason = "it is to outlive this process")]
async fn a_process_with_a_cluster() {
    let cluster = Cluster::builder().start().await.unwrap();
    let _outlives = Command::new("sleep").arg("20").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    println!("{READY}{}", cluster.folder().unwrap().display());
    thread::sleep(Duration::from_secs(60));
}

/// As above.
#[tokio::test]
#[ignore = "runs until it is killed"]
async fn a_process_with_a_pgbouncer() {
    let cluster = Cluster::builder().start().await.unwrap();
    let bouncer = bouncer(PgBouncer::builder(&cluster)).await;
    println!("{LISTENING}{}", bouncer.url("somebody", "somewhere"));
    thread::sleep(Duration::from_secs(60));
}

/// This binary again as one of the tests to be killed, and what it has written after `ready`.
fn started(test: &str, base: &TempDir, ready: &str) -> (Killed, String) {
    let mut process = Killed(another_process(test, base).stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let text = lines.find_map(|line| line.split_once(ready).map(|(_, text)| text.to_owned())).unwrap();
    (process, text)
}

/// This binary again, with its folders in `base`.
fn another_process(test: &str, base: &TempDir) -> Command {
    let mut command = this_program_as(&format!("clusters_die_with_their_parent::{test}"));
    command.env("TENANT_PG_TMP", base.path()).stdout(Stdio::null());
    command
}

/// Where the unprivileged user that a server runs as can write too.
fn folder_for_everybody() -> TempDir {
    let base = tempfile::Builder::new().prefix("die-").tempdir().unwrap();
    fs::set_permissions(base.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    base
}

/// The folder and the process of a server that has just started.
fn running(folder: &Path) -> (PathBuf, u32) {
    let pid_file = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    (folder.to_owned(), pid_file.lines().next().unwrap().parse().unwrap())
}

fn is_alive(process: u32) -> bool {
    Command::new("kill").args(["-0", &process.to_string()]).stderr(Stdio::null()).status().unwrap().success()
}

/// Whether somebody accepts connections where the URL leads.
fn listens(url: &str) -> bool {
    let url: url::Url = url.parse().unwrap();
    TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).is_ok()
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !condition() {
        assert!(Instant::now() < deadline, "still not: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
