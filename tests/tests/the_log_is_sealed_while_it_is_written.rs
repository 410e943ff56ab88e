//! No entry is lost or sealed twice, whatever goes on meanwhile.

use std::time::Duration;

use sqlx::Connection;
use tenant_core::session::TENANT_VARIABLE;
use tenant_migration::audit::{AuditError, Seal, Sealer, SealingKey, Verification};
use tenant_testkit::Cluster;
use tokio::task::JoinSet;

use crate::sealing::{ACME, BETA, Scene, connect, run, written};
use crate::support::{World, application_role, execute, soon, texts, until};

#[tokio::test]
async fn an_entry_that_is_committed_late_under_a_lower_number_is_sealed_later() {
    // Its own server: who holds the sealer back is this test alone.
    let server = Cluster::start().await.expect("a PostgreSQL");
    let scene = Scene::of(World::empty_on(&server).await).await;
    let (mut first, mut second, mut undone) = (scene.owner().await, scene.owner().await, scene.owner().await);
    for connection in [&mut first, &mut second, &mut undone] {
        run(connection, "BEGIN").await;
        run(connection, &written(ACME, true)).await;
    }
    run(&mut second, "COMMIT").await;
    run(&mut undone, "ROLLBACK").await;
    scene.write(BETA, 1).await;
    let sealing = scene.seal_now().await;
    // What began after the open transaction may not pass it.
    assert!(sealing.seal.is_none(), "{sealing:?}");
    assert_eq!(sealing.lag.entries, 2);
    let holder = sealing.lag.held_by.expect("seen");
    assert!(holder.contains("role tenancy_migrator"), "{holder}");
    scene.is_clean("while it is open").await;
    run(&mut first, "COMMIT").await;
    assert_eq!(scene.seal().await.seal.expect("some").entries(), 3);
    let report = scene.is_clean("after a number that was never written").await;
    assert_eq!((report.checked().entries, report.checked().unsealed), (3, 0));
}

#[tokio::test]
async fn eight_writers_and_a_sealer_leave_nothing_out() {
    let scene = Scene::new().await;
    let mut writers = JoinSet::new();
    for writer in 0..8_u32 {
        let mut owner = scene.owner().await;
        writers.spawn(async move {
            for number in 0..60 {
                let organization = if (writer + number) % 3 == 0 { BETA } else { ACME };
                let end = if number % 7 == 3 { "ROLLBACK" } else { "COMMIT" };
                for sql in ["BEGIN", &written(organization, number % 4 == 0), &written(ACME, false), end] {
                    run(&mut owner, sql).await;
                }
            }
        });
    }
    let (mut migrator, mut entries, mut seals) = (scene.migrator().await, 0, 0);
    let mut seal = async |when: &str| {
        let sealing = soon(when, scene.sealer.seal(&mut migrator)).await.unwrap_or_else(|error| panic!("{error}"));
        let seal = sealing.seal.as_ref();
        entries += seal.map_or(0, Seal::entries);
        seals += i64::from(seal.is_some());
        (entries, seals)
    };
    while !writers.is_empty() {
        seal("while they write").await;
        while let Some(joined) = writers.try_join_next() {
            joined.expect("no panic");
        }
    }
    let written = texts(&scene.admin, "SELECT count(*)::text FROM tenancy.access_log").await.remove(0);
    let written: i64 = written.parse().expect("a number");
    let (mut entries, mut seals) = seal("the rest").await;
    // Other tests' transactions on the server may hold it back.
    while entries < written {
        tokio::time::sleep(Duration::from_millis(20)).await;
        (entries, seals) = seal("all of it").await;
    }
    assert_eq!(entries, written);
    assert!(seals > 1, "sealed only once");
    let report = scene.is_clean("after all").await;
    assert_eq!(i64::try_from(report.checked().entries).expect("few"), entries);
}

#[tokio::test]
async fn a_sealer_that_is_killed_half_way_leaves_nothing_half() {
    let scene = Scene::furnished().await;
    let before = scene.is_clean("before").await;
    // It comes to the seal itself, and no further.
    let mut blocking = connect(&scene.database.superuser_url()).await;
    run(&mut blocking, "BEGIN; LOCK TABLE tenancy.access_log_seals IN SHARE MODE").await;
    let mut migrator = scene.migrator().await;
    let victim: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut migrator).await.expect("a number");
    let killing = async {
        let waits = format!("SELECT pid::text FROM pg_locks WHERE pid = {victim} AND NOT granted");
        while texts(&scene.admin, &waits).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        execute(&scene.admin, &format!("SELECT pg_terminate_backend({victim}, 10000)")).await;
    };
    let (sealed, ()) = tokio::join!(scene.sealer.seal(&mut migrator), soon("it waits", killing));
    let error = sealed.expect_err("killed");
    assert!(matches!(error, AuditError::Database(_)), "{error}");
    run(&mut blocking, "ROLLBACK").await;
    let after = scene.is_clean("after").await;
    assert_eq!(after.checked().batches, before.checked().batches);
    assert_eq!(scene.seal().await.seal.expect("the same again").number(), 3);
    assert_eq!(scene.is_clean("in the end").await.checked().unsealed, 0);
}

#[tokio::test]
async fn a_second_sealer_waits_for_the_first() {
    let scene = Scene::furnished().await;
    let mut holder = scene.migrator().await;
    run(&mut holder, "SELECT pg_advisory_lock(7628142, 2)").await;
    let mut migrator = scene.migrator().await;
    let sealing = scene.sealer.seal(&mut migrator);
    let mut sealing = std::pin::pin!(sealing);
    assert!(tokio::time::timeout(Duration::from_millis(400), &mut sealing).await.is_err(), "it waits");
    holder.close().await.expect("closed");
    let sealing = soon("its turn", sealing).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(sealing.seal.expect("one").number(), 3);
}

#[tokio::test]
async fn writers_are_never_kept_waiting_by_a_sealer() {
    let scene = Scene::furnished().await;
    // A sealer in the middle of its transaction.
    let mut migrator = scene.migrator().await;
    let mut blocking = connect(&scene.database.superuser_url()).await;
    run(&mut blocking, "BEGIN; LOCK TABLE tenancy.access_log_seals IN SHARE MODE").await;
    let mut sealing = std::pin::pin!(scene.sealer.seal(&mut migrator));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut sealing).await.is_err(), "it is at work");
    soon("entries are written", scene.write(ACME, 5)).await;
    run(&mut blocking, "ROLLBACK").await;
    soon("it ends", sealing).await.unwrap_or_else(|error| panic!("{error}"));
    scene.is_clean("after both").await;
}

#[tokio::test]
async fn a_clock_that_goes_back_is_no_finding() {
    let scene = Scene::new().await;
    scene.write(ACME, 2).await;
    scene.seal().await;
    let earlier = "SELECT tenancy.write_entry(
          greatest(clock_timestamp() - interval '1 hour', date_trunc('month', clock_timestamp())), organization_id, NULL, NULL, NULL,
          'read', '{}', NULL, NULL, NULL, NULL, NULL)
        FROM tenancy.access_log";
    execute(&scene.admin, earlier).await;
    assert_eq!(scene.seal().await.seal.expect("one").entries(), 2);
    assert_eq!(scene.is_clean("earlier entries with later numbers").await.checked().entries, 4);
}

/// Transactions have lower numbers on the new server, where those of the old one mean nothing.
#[tokio::test]
async fn a_log_that_was_restored_elsewhere_is_sealed_on() {
    let scene = Scene::new().await;
    execute(&scene.admin, "DO $$ BEGIN FOR n IN 1..20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
        .await;
    scene.write(ACME, 3).await;
    scene.write(BETA, 2).await;
    scene.seal().await;
    // These are in the dump, and not sealed.
    scene.write(ACME, 2).await;

    let server = Cluster::builder().start().await.expect("a PostgreSQL");
    let copy = server.empty_database().await.expect("a database");
    let roles = "CREATE ROLE tenancy_owner; CREATE ROLE tenancy_app LOGIN; CREATE ROLE tenancy_admin LOGIN;
        CREATE ROLE tenancy_reporting LOGIN; CREATE ROLE tenancy_migrator LOGIN IN ROLE tenancy_owner;
        CREATE ROLE tenancy_mover; ALTER ROLE tenancy_migrator SET row_security = off";
    execute(&copy.admin().await.expect("a connection"), roles).await;
    let dump = scene.file("dump");
    let dump = dump.to_str().expect("UTF-8");
    program("pg_dump", &["--format=custom", "--file", dump, "--dbname", &scene.database.superuser_url()]);
    program("pg_restore", &["--exit-on-error", "--dbname", &copy.superuser_url(), dump]);

    let mut restored = Scene::of(copy).await;
    (restored.keys, restored.sealer) = (scene.keys.clone(), scene.sealer);
    restored.write(ACME, 2).await;
    let sealing = restored.seal_now().await;
    assert_eq!(sealing.seal.expect("one").entries(), 4);
    assert_eq!(sealing.lag.entries, 0);
    restored.write(BETA, 2).await;
    assert_eq!(restored.seal_now().await.seal.expect("one").entries(), 2);
    assert!(restored.seal_now().await.seal.is_none());
    // Until the new server's numbers are those of the old one, and past them.
    execute(
        &restored.admin,
        "DO $$ BEGIN FOR n IN 1..30000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
    )
    .await;
    restored.write(ACME, 1).await;
    assert_eq!(restored.seal_now().await.seal.expect("one").entries(), 1);
    let report = restored.verify_with(Verification::new(restored.keys.clone())).await;
    assert!(report.is_clean() && report.checked().entries == 12 && report.checked().unsealed == 0, "{report}");
    let entry = restored.entries(ACME).await[3];
    restored.tamper(&format!("DELETE FROM tenancy.access_log WHERE entry = {entry}")).await;
    let report = restored.verify_with(Verification::new(restored.keys.clone())).await;
    assert!(report.findings().iter().any(|finding| finding.entry == Some(entry)), "{report}");
}

/// An array of arrays is printed otherwise by the server than by whoever verifies.
#[tokio::test]
async fn whatever_the_application_has_logged_is_no_finding() {
    let scene = Scene::new().await;
    for hostile in [r#"[["a"], ["b"]]"#, r#""[3:4]={a,b}""#, r#"[null, "a"]"#, "[]", "null"] {
        let mut app = connect(&scene.database.url(&application_role())).await;
        run(&mut app, &format!("SELECT set_config('{TENANT_VARIABLE}', '{ACME}', false)")).await;
        let entry = format!(r#"[{{"kind": "none", "tables": {hostile}, "ago": -1, "request_id": "\t \u2028"}}]"#);
        run(&mut app, &format!("SELECT tenancy.record_accesses('{entry}')")).await;
    }
    scene.seal().await;
    assert_eq!(scene.is_clean("sealed").await.checked().entries, 5);
}

/// So it is in a log that was never sealed before it was restored, and after somebody forged an entry that no seal was to cover.
#[tokio::test]
async fn an_entry_of_a_transaction_that_has_not_begun_is_sealed_all_the_same() {
    let scene = Scene::new().await;
    let hash = "tenancy.entry_hash(entry, at, organization_id, bound_tenant, user_id, request_id, database_role, transaction, kind,
        alarm, tables, touched, statement, duration, reason, commitment)";
    let ahead = format!(
        "INSERT INTO tenancy.access_log
         SELECT e.*, {hash} FROM (SELECT nextval('tenancy.access_log_entries') AS entry, clock_timestamp() AS at,
             '{ACME}'::uuid AS organization_id, NULL::uuid AS bound_tenant, NULL::uuid AS user_id, NULL AS request_id,
             'nobody' AS database_role, 1000000000000 AS transaction, 'read' AS kind, false AS alarm, ARRAY[]::text[] AS tables,
             NULL::bigint AS touched, NULL AS statement, NULL::bigint AS duration, NULL AS reason, NULL::bytea AS commitment) AS e"
    );
    for sealed_before in [0, 1] {
        execute(&scene.admin, &ahead).await;
        assert_eq!(scene.seal_now().await.seal.expect("one").entries(), 1 + sealed_before);
        let report = scene.is_clean("sealed").await;
        assert_eq!(report.checked().unsealed, 0);
        scene.write(ACME, 1).await;
    }
    until("it is sealed on", async || scene.seal_now().await.seal.is_some()).await;
    assert_eq!(scene.is_clean("sealed on").await.checked().entries, 4);
}

#[tokio::test]
async fn a_database_that_only_reads_or_has_no_log_is_said_to() {
    let scene = Scene::new().await;
    let mut migrator = scene.migrator().await;
    run(&mut migrator, "SET default_transaction_read_only = on").await;
    let error = scene.sealer.seal(&mut migrator).await.expect_err("it only reads");
    assert!(matches!(error, AuditError::ReadOnly), "{error}");

    let empty = Cluster::shared().await.expect("a PostgreSQL").empty_database().await.expect("a database");
    let sealer = Sealer::new(SealingKey::generate().expect("a key"));
    let error = sealer.seal(&mut connect(&empty.superuser_url()).await).await.expect_err("no log");
    assert!(matches!(error, AuditError::NoLog), "{error}");
}

#[tokio::test]
async fn nobody_but_the_migrator_seals_or_verifies() {
    let scene = Scene::furnished().await;
    for role in ["tenancy_app", "tenancy_reporting", "tenancy_admin"] {
        let mut connection = connect(&scene.database.url(role)).await;
        let error = scene.sealer.seal(&mut connection).await.expect_err(role).to_string();
        assert!(error.contains("42501") || error.contains("only reads"), "{role}: {error}");
        let verification = Verification::new(scene.keys.clone());
        let error = verification.run(&mut connect(&scene.database.url(role)).await).await.expect_err(role).to_string();
        assert!(error.contains("42501"), "{role}: {error}");
    }
}

fn program(name: &str, arguments: &[&str]) {
    let path = tenant_testkit::Programs::find().expect("PostgreSQL's programs").path(name);
    let output =
        std::process::Command::new(path).args(arguments).output().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
}
