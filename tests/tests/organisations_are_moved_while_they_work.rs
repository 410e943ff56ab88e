//! An organisation goes to another server while it works: what it writes meanwhile follows, whatever it is, and it waits for the last
//! of it alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entities::molecule;
use sea_orm::{
    ActiveModelTrait, DatabaseConnection, EntityTrait, IntoActiveModel, Set, TransactionSession, TransactionTrait,
};
use tenant_core::{OrganizationStatus, TenantConnection, TenantContext, TenantId};
use tenant_migration::catalog::{DeployUrls, Outcome, Stage, TenantName, Wish};
use tenant_migration::relocation::{Method, MoveError, MoveEvent, MoveRequest, Mover, Rest};
use tenant_testkit::Database;
use tokio::task::JoinHandle;

use crate::support::{Log, Scene, execute, fences, in_its_turn, insertion, rows, soon, texts, until};

/// A transaction that has done nothing, which a fence waits for: until it ends the organisation is followed and works.
struct Delay(DatabaseConnection);

impl Delay {
    async fn at(scene: &Scene) -> Self {
        let connection = scene.eu.database.admin().await.expect("a connection");
        execute(&connection, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT").await;
        Self(connection)
    }

    async fn end(self) {
        execute(&self.0, "COMMIT").await;
    }
}

/// A move that has copied and compared all, and follows.
async fn follows(scene: &Scene, log: &Arc<Log>) -> (Delay, JoinHandle<Result<Rest, MoveError>>) {
    let mut mover = scene.begin_by("own", Method::Following).await.expect("begun").observer(log.clone());
    assert_eq!(mover.record().stage, Stage::Following);
    let delay = Delay::at(scene).await;
    let moving = tokio::spawn(async move { mover.run().await });
    until("it is armed", async || fences(&scene.eu.admin).await.iter().any(|fence| fence.ends_with("armed"))).await;
    (delay, moving)
}

/// What the log is kept for, and read by, at the source.
async fn streams(scene: &Scene) -> Vec<String> {
    let query = "SELECT slot_name::text FROM pg_replication_slots WHERE database = current_database()
                 UNION ALL SELECT pubname::text FROM pg_publication WHERE pubname LIKE 'tenancy%'";
    texts(&scene.eu.admin, query).await
}

async fn nothing_is_left(scene: &Scene) {
    assert_eq!(streams(scene).await, [""; 0], "a slot that nobody reads fills the disk");
    assert_eq!([fences(&scene.eu.admin).await, fences(&scene.target).await], [[""; 0]; 2]);
}

/// Values that are easily taken for something else on their way.
const HARD: &str = r#"E'it''s \\N, "quoted"\n\tand {braces} \\\\ ä 分子'"#;

#[tokio::test]
async fn whatever_it_writes_meanwhile_follows() {
    let scene = Scene::followed().await;
    let (acme, beta) = (scene.eu.acme.id, scene.eu.beta.id);
    let large = format!(
        "INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type, smiles)
         SELECT '{acme}', '{}', 'large', 'x', 'x', string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 2000)",
        uuid::Uuid::from_u128(500)
    );
    execute(&scene.eu.admin, &large).await;
    let log = Arc::new(Log::default());
    let (delay, moving) = follows(&scene, &log).await;
    let write = async |sql: String| execute(&scene.eu.admin, &sql).await;
    let molecule = |number: u128, name: &str| {
        format!(
            "INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type)
             VALUES ('{acme}', '{}', {name}, {HARD}, '')",
            uuid::Uuid::from_u128(number)
        )
    };
    let at = |number: u128| format!("organization_id = '{acme}' AND id = '{}'", uuid::Uuid::from_u128(number));
    write(molecule(501, "'a'")).await;
    // A unique value that goes from row to row.
    write(format!("DELETE FROM molecules WHERE {}", at(501))).await;
    write(molecule(502, "'a'")).await;
    write(format!("UPDATE molecules SET external_ref = 'b' WHERE {}", at(502))).await;
    write(molecule(503, "'a'")).await;
    // The key itself; a value that is too large to be in the log again; nothing in a column.
    write(format!("UPDATE molecules SET id = '{}' WHERE {}", uuid::Uuid::from_u128(504), at(503))).await;
    write(format!("UPDATE molecules SET name = 'renamed', first_approval = 1999 WHERE {}", at(500))).await;
    write(format!("UPDATE molecules SET first_approval = NULL WHERE {}", at(500))).await;
    // What is undone, as a whole and in part.
    write(format!("BEGIN; {}; ROLLBACK", molecule(505, "'undone'"))).await;
    write(format!(
        "BEGIN; {}; SAVEPOINT s; {}; ROLLBACK TO s; {}; COMMIT",
        molecule(506, "'kept'"),
        molecule(507, "'undone'"),
        molecule(508, "'kept too'")
    ))
    .await;
    write(format!(
        "UPDATE pipelines SET definition = '{{\"steps\": [\"\\\\n\", null, 1e3]}}' WHERE organization_id = '{acme}'"
    ))
    .await;
    write(format!("DELETE FROM docking_jobs WHERE organization_id = '{acme}'")).await;
    // More than is inserted, or committed, at once.
    write(format!(
        "INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type)
         SELECT '{acme}', gen_random_uuid(), 'many ' || n, 'x', 'x' FROM generate_series(1, 3000) AS n"
    ))
    .await;
    for n in 0..50 {
        write(format!(
            "UPDATE molecules SET name = 'round {n}' WHERE organization_id = '{acme}' AND external_ref LIKE 'many 1__'"
        ))
        .await;
    }
    write(format!("UPDATE molecules SET name = 'changed' WHERE organization_id = '{beta}'")).await;
    let [before, others] =
        [rows(&scene.eu.admin, &scene.eu.registry, acme).await, rows(&scene.eu.admin, &scene.eu.registry, beta).await];
    delay.end().await;
    assert_eq!(soon("the move's end", moving).await.expect("no panic").expect("moved"), Rest::Ended(Outcome::Moved));
    assert_eq!(scene.rows_of(acme).await, [vec![], before]);
    assert_eq!(scene.rows_of(beta).await, [others, vec![]]);
    nothing_is_left(&scene).await;
    let told = log.0.lock().expect("nobody panicked").clone();
    let followed: u64 = told
        .iter()
        .map(|event| match event {
            MoveEvent::Followed { changes, .. } => *changes,
            _ => 0,
        })
        .sum();
    assert!(followed > 8_000, "{told:?}");
    assert!(told.iter().any(|event| matches!(event, MoveEvent::ComparedChanged { rows } if *rows > 3_000)), "{told:?}");
}

/// A TRUNCATE says nothing of whose rows it takes.
#[tokio::test]
async fn a_table_that_is_emptied_for_all_is_emptied_there() {
    let scene = Scene::followed().await;
    let acme = scene.eu.acme.id;
    let (delay, moving) = follows(&scene, &Arc::default()).await;
    execute(&scene.eu.admin, "TRUNCATE job_results").await;
    let before = rows(&scene.eu.admin, &scene.eu.registry, acme).await;
    delay.end().await;
    assert_eq!(soon("the move's end", moving).await.expect("no panic").expect("moved"), Rest::Ended(Outcome::Moved));
    assert_eq!(scene.rows_of(acme).await, [vec![], before]);
}

/// What was acknowledged before it was on the disk is there too, and a table that is published as a whole brings nobody else along.
#[tokio::test]
async fn late_commits_and_other_publications_change_nothing() {
    let scene = Scene::followed().await;
    let (acme, beta) = (scene.eu.acme.id, scene.eu.beta.id);
    execute(&scene.eu.admin, "CREATE PUBLICATION everything FOR ALL TABLES").await;
    let (delay, moving) = follows(&scene, &Arc::default()).await;
    let others = rows(&scene.eu.admin, &scene.eu.registry, beta).await;
    execute(&scene.eu.admin, "SET synchronous_commit = off").await;
    for n in 0..20 {
        execute(
            &scene.eu.admin,
            &format!(
                "SET synchronous_commit = off; INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type)
                 VALUES ('{acme}', gen_random_uuid(), 'late {n}', 'x', 'x')"
            ),
        )
        .await;
    }
    delay.end().await;
    assert_eq!(soon("the move's end", moving).await.expect("no panic").expect("moved"), Rest::Ended(Outcome::Moved));
    let late = "SELECT count(*)::text FROM molecules WHERE external_ref LIKE 'late %'";
    assert_eq!(texts(&scene.target, late).await, ["20"]);
    assert_eq!(scene.rows_of(beta).await, [others, vec![]]);
}

/// What many wrote through every stage is there once, and nobody was refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_who_writes_notices() {
    let scene = Scene::followed().await;
    let router = scene.router().await;
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = [scene.eu.acme.id, scene.eu.beta.id]
        .into_iter()
        .flat_map(|id| (0..4).map(move |writer: usize| (id, writer)))
        .map(|(id, writer)| {
            let (router, done) = (router.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let connection: TenantConnection = router.connect(TenantContext::new(id)).await.expect("a connection");
                let (mut kept, mut number) = (Vec::new(), 0);
                while !done.load(Ordering::Relaxed) {
                    let name = format!("w{writer}-{number}");
                    number += 1;
                    let inserted = insertion(&name).insert(&connection).await.expect("written");
                    match number % 4 {
                        0 => {
                            let gone = molecule::Entity::delete_by_id(inserted.id).exec(&connection).await;
                            assert_eq!(gone.expect("deleted").rows_affected, 1);
                        }
                        1 => {
                            let transaction = connection.begin().await.expect("a transaction");
                            let mut changed = inserted.into_active_model();
                            changed.name = Set(format!("{name}+"));
                            changed.update(&transaction).await.expect("changed");
                            transaction.commit().await.expect("committed");
                            kept.push(format!("{name}+"));
                        }
                        _ => kept.push(name),
                    }
                }
                (id, kept)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut mover = scene.begin("own").await.expect("begun");
    assert_eq!(mover.record().stage, Stage::Following, "it can be followed there, so it is");
    assert_eq!(mover.run().await.expect("moved"), Rest::Ended(Outcome::Moved));
    println!("{:?} ms", mover.record().notes.pause_ms);
    tokio::time::sleep(Duration::from_millis(300)).await;
    done.store(true, Ordering::Relaxed);
    let (mut acme, mut beta) = (Vec::new(), Vec::new());
    for writer in writers {
        let (id, kept) = soon("a writer's end", writer).await.expect("no write failed");
        if id == scene.eu.acme.id { acme.extend(kept) } else { beta.extend(kept) }
    }
    let found = |id: TenantId| {
        format!(
            "SELECT name FROM molecules WHERE organization_id = '{id}' AND name ~ '^w[0-9]-' ORDER BY name COLLATE \"C\""
        )
    };
    acme.sort();
    beta.sort();
    assert_eq!(texts(&scene.target, &found(scene.eu.acme.id)).await, acme);
    assert_eq!(texts(&scene.eu.admin, &found(scene.eu.acme.id)).await, [""; 0]);
    assert_eq!(texts(&scene.eu.admin, &found(scene.eu.beta.id)).await, beta);
    assert_eq!(texts(&scene.target, &found(scene.eu.beta.id)).await, [""; 0]);
    nothing_is_left(&scene).await;
}

/// Wherever it is cut, it ends in one home with all that was written, and no slot stays.
#[tokio::test]
async fn a_mover_that_is_cut_leaves_nothing_behind() {
    let scene = Scene::followed().await;
    let acme = scene.eu.acme.id;
    let mut cuts = 0;
    for (round, milliseconds) in (0_u64..16).map(|round| (round, 5 + round * 23)) {
        let [before, _] = scene.rows_of(acme).await;
        let mut mover = scene.begin_by("own", Method::Following).await.expect("begun");
        let is_done = tokio::time::timeout(Duration::from_millis(milliseconds), mover.run()).await.is_ok();
        drop(mover);
        if !is_done {
            cuts += 1;
            let editor = scene.office.editor().await;
            let found = Mover::resume(&scene.migrator(), editor, &scene.deploy_urls(), &TenantName::Id(acme)).await;
            let Ok(mut next) = found else { break };
            let gives_up = round % 2 == 0 && next.wish(Wish::Abort).await.is_ok();
            let expected = if gives_up { Outcome::Aborted } else { Outcome::Moved };
            assert_eq!(in_its_turn(&mut next).await.expect("ended"), Rest::Ended(expected), "round {round}");
        }
        nothing_is_left(&scene).await;
        let (home, status) = scene.acme().await;
        assert_eq!(status, OrganizationStatus::Active);
        match (home.as_str(), scene.rows_of(acme).await) {
            ("eu", [at_eu, at_own]) => assert!(at_eu == before && at_own.is_empty(), "round {round}"),
            (_, [at_eu, at_own]) => assert!(at_own == before && at_eu.is_empty(), "round {round}"),
        }
        if home == "own" {
            scene.begin("eu").await.expect("begun").run().await.expect("moved back");
        }
        if is_done {
            break;
        }
    }
    println!("{cuts} cuts");
    assert!(cuts > 3, "{cuts} cuts");
}

/// Where the log was lost all is copied anew, while the organisation waits.
#[tokio::test]
async fn a_log_that_was_lost_is_noticed() {
    let scene = Scene::followed().await;
    let acme = scene.eu.acme.id;
    let (delay, moving) = follows(&scene, &Arc::default()).await;
    moving.abort();
    assert!(moving.await.expect_err("aborted").is_cancelled());
    let drop_it = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database() AND NOT active";
    until("the slot is gone", async || {
        execute(&scene.eu.admin, drop_it).await;
        texts(&scene.eu.admin, "SELECT slot_name::text FROM pg_replication_slots WHERE database = current_database()")
            .await
            .is_empty()
    })
    .await;
    execute(&scene.eu.admin, &format!("UPDATE molecules SET name = 'unseen' WHERE organization_id = '{acme}'")).await;
    let before = rows(&scene.eu.admin, &scene.eu.registry, acme).await;
    delay.end().await;
    let editor = scene.office.editor().await;
    let next = Mover::resume(&scene.migrator(), editor, &scene.deploy_urls(), &TenantName::Id(acme)).await;
    assert_eq!(in_its_turn(&mut next.expect("there")).await.expect("ended"), Rest::Ended(Outcome::Moved));
    assert_eq!(scene.rows_of(acme).await, [vec![], before]);
    nothing_is_left(&scene).await;
}

/// A row that isn't alike stops it while the organisation still works, and is named.
#[tokio::test]
async fn a_row_that_is_not_alike_stops_it_before_anybody_waits() {
    let scene = Scene::followed().await;
    let acme = scene.eu.acme.id;
    let harm = "CREATE FUNCTION harm() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := NEW.name || '!'; RETURN NEW; END $$;
        CREATE TRIGGER harm BEFORE INSERT ON molecules FOR EACH ROW WHEN (NEW.external_ref = 'REF-caffeine') EXECUTE FUNCTION harm();
        ALTER TABLE molecules ENABLE ALWAYS TRIGGER harm";
    execute(&scene.target, harm).await;
    let mut mover = scene.begin_by("own", Method::Following).await.expect("begun");
    let failure = mover.run().await.expect_err("it is not alike");
    assert!(matches!(&failure, MoveError::Different { table, .. } if table.contains("molecules")), "{failure}");
    assert_eq!(scene.acme().await, ("eu".to_owned(), OrganizationStatus::Active));
    assert!(molecule::Entity::find().all(&scene.eu.acme.db).await.is_ok(), "it works as before");
    mover.wish(Wish::Abort).await.expect("said");
    assert_eq!(mover.run().await.expect("ended"), Rest::Ended(Outcome::Aborted));
    assert_eq!(scene.rows_of(acme).await[1], [""; 0]);
    nothing_is_left(&scene).await;
}

/// One that was harmed later is found by the log, or by comparing what changed.
#[tokio::test]
async fn a_row_that_is_harmed_meanwhile_stops_it_before_the_switch() {
    let scene = Scene::followed().await;
    let acme = scene.eu.acme.id;
    let (delay, moving) = follows(&scene, &Arc::default()).await;
    let only = format!("organization_id = '{acme}' AND external_ref = 'REF-caffeine'");
    execute(&scene.target, &format!("DELETE FROM molecules WHERE {only}")).await;
    execute(&scene.eu.admin, &format!("UPDATE molecules SET name = 'x' WHERE {only}")).await;
    delay.end().await;
    let failure = soon("the move's end", moving).await.expect("no panic").expect_err("it is gone there");
    assert!(matches!(&failure, MoveError::Different { table, .. } if table.contains("molecules")), "{failure}");
    assert_eq!(scene.acme().await.0, "eu");
}

#[tokio::test]
async fn what_can_not_be_followed_is_said_before_anything_is_done() {
    let waiting = Scene::new().await;
    let refused = waiting.begin_by("own", Method::Following).await.expect_err("its log can't be followed").to_string();
    assert!(refused.contains("wal_level") && refused.contains("`eu`"), "{refused}");
    assert_eq!(waiting.begin("own").await.expect("begun").record().stage, Stage::Fencing, "it waits then");
    let scene = Scene::followed().await;
    execute(&scene.eu.admin, "ALTER TABLE molecules REPLICA IDENTITY NOTHING").await;
    let refused = scene.begin("own").await.expect_err("no row is named in the log").to_string();
    assert!(refused.contains("ALTER TABLE \"public\".\"molecules\" REPLICA IDENTITY DEFAULT"), "{refused}");
    assert_eq!(scene.begin_by("own", Method::Waiting).await.expect("begun").record().stage, Stage::Fencing);
    nothing_is_left(&scene).await;
}

/// As the mover itself, which is no superuser; the log is read at the source.
#[tokio::test]
async fn the_movers_own_role_is_enough() {
    let scene = Scene::followed().await;
    let mover = "tenancy_mover";
    let allow = format!("ALTER ROLE {mover} LOGIN; GRANT SET ON PARAMETER session_replication_role TO {mover}");
    execute(&scene.eu.admin, &allow).await;
    let source = scene.eu.database.superuser_url();
    let url = |database: &Database| {
        if database.superuser_url() == source { database.url(mover) } else { database.superuser_url() }
    };
    let begin = async || {
        let request = MoveRequest {
            tenant: TenantName::Name("Acme".to_owned()),
            target: "own".parse().expect("a name"),
            method: Method::Following,
        };
        let urls = DeployUrls::new(scene.urls(url));
        Mover::begin(&scene.migrator(), scene.office.editor().await, &urls, &request).await
    };
    assert_eq!(begin().await.expect("begun").run().await.expect("moved"), Rest::Ended(Outcome::Moved));
    nothing_is_left(&scene).await;
}
