//! An organisation goes from one placement to another: all its rows, once, and nobody else's; whatever becomes of the mover.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entities::molecule;
use sea_orm::{ActiveModelTrait, EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{OrganizationStatus, TenantConnection, TenantContext, TenantError, TenantId};
use tenant_migration::catalog::{Outcome, Stage, TenantName, Wish};
use tenant_migration::relocation::{MoveError, MoveEvent, Mover, Pace, Rest};
use uuid::Uuid;

use crate::support::{Log, Scene, execute, fences, in_its_turn, insertion, soon, texts, until};

#[tokio::test]
async fn all_its_rows_go_and_nobody_elses() {
    let scene = Scene::new().await;
    let (acme, beta) = (scene.eu.acme.id, scene.eu.beta.id);
    let [before, nothing] = scene.rows_of(acme).await;
    let others = scene.rows_of(beta).await;
    assert!(before.len() > 5 && nothing.is_empty(), "{before:?}");
    let router = scene.router().await;
    let connection = router.connect(TenantContext::new(acme)).await.expect("a connection");
    let log = Arc::new(Log::default());
    let logged = texts(&scene.eu.admin, "SELECT count(*)::text FROM tenancy.access_log").await;
    let mut mover = scene.begin("own").await.expect("begun").observer(log.clone());
    assert_eq!(mover.run().await.expect("moved"), Rest::Ended(Outcome::Moved));
    assert_eq!(scene.rows_of(acme).await, [vec![], before]);
    assert_eq!(scene.rows_of(beta).await, others);
    assert_eq!(scene.acme().await, ("own".to_owned(), OrganizationStatus::Active));
    assert_eq!(fences(&scene.eu.admin).await, [""; 0], "none is left");
    until("it works there", async || {
        let found = molecule::Entity::find().all(&connection).await.expect("an answer");
        let there = texts(&scene.target, "SELECT count(*)::text FROM molecules").await;
        there == [found.len().to_string()]
    })
    .await;
    insertion("after").insert(&connection).await.expect("written");
    assert_eq!(texts(&scene.target, "SELECT count(*)::text FROM molecules WHERE name = 'after'").await, ["1"]);
    assert_eq!(
        texts(&scene.eu.admin, "SELECT count(*)::text FROM tenancy.access_log").await,
        logged,
        "no copy is a write of somebody's"
    );
    let told = log.0.lock().expect("nobody panicked").clone();
    let copied = told.iter().filter_map(|event| match event {
        MoveEvent::Copying { rows: Some(rows), .. } => Some(*rows),
        _ => None,
    });
    let compared = told.iter().find_map(|event| match event {
        MoveEvent::Compared { rows, .. } => Some(*rows),
        _ => None,
    });
    assert_eq!(Some(copied.sum()), compared, "{told:?}");
    assert!(told.iter().any(|event| matches!(event, MoveEvent::Switched { pause_ms: Some(_) })), "{told:?}");
    let again = scene.begin("own").await.expect_err("it lives there");
    assert!(matches!(again, MoveError::AtHome { .. }), "{again}");
    let back = scene.begin("eu").await.expect("begun").run().await.expect("moved back");
    assert_eq!(back, Rest::Ended(Outcome::Moved));
    assert_eq!(scene.acme().await.0, "eu");
    assert_eq!(scene.rows_of(beta).await, others);
}

/// Those who write meanwhile wait, and nothing that they were told was written is lost, doubled or left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_writes_meanwhile_loses_nothing() {
    let scene = Scene::new().await;
    let router = scene.router().await;
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = [scene.eu.acme.id, scene.eu.beta.id]
        .into_iter()
        .flat_map(|id| (0..4).map(move |writer: u32| (id, writer)))
        .map(|(id, writer)| {
            let (router, done) = (router.clone(), Arc::clone(&done));
            tokio::spawn(async move {
                let connection: TenantConnection = router.connect(TenantContext::new(id)).await.expect("a connection");
                let mut written = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let name = format!("w{writer}-{}", written.len());
                    if written.len() % 2 == 0 {
                        insertion(&name).insert(&connection).await.expect("written");
                    } else {
                        let transaction = connection.begin().await.expect("a transaction");
                        insertion(&name).insert(&transaction).await.expect("written");
                        transaction.commit().await.expect("committed");
                    }
                    written.push(name);
                }
                (id, written)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut mover = scene.begin("own").await.expect("begun");
    assert_eq!(mover.run().await.expect("moved"), Rest::Ended(Outcome::Moved));
    tokio::time::sleep(Duration::from_millis(300)).await;
    done.store(true, Ordering::Relaxed);
    let (mut acme, mut beta) = (Vec::new(), Vec::new());
    for writer in writers {
        let (id, written) = soon("a writer's end", writer).await.expect("no write failed");
        if id == scene.eu.acme.id { acme.extend(written) } else { beta.extend(written) }
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
}

/// Wherever it is cut, the organisation lives in one home with all its rows when the next run has ended, by going on or by giving up.
#[tokio::test]
async fn a_mover_that_is_cut_is_gone_on_with_or_given_up() {
    let scene = Scene::new().await;
    let acme = scene.eu.acme.id;
    let [before, _] = scene.rows_of(acme).await;
    let mut cuts = 0;
    for (round, milliseconds) in (0_u64..).map(|round| (round, round * 7)) {
        let mut mover = scene.begin("own").await.expect("begun");
        if tokio::time::timeout(Duration::from_millis(milliseconds), mover.run()).await.is_ok() {
            break;
        }
        drop(mover);
        cuts += 1;
        let editor = scene.office.editor().await;
        let tenant = TenantName::Id(acme);
        let mut next = match Mover::resume(&scene.migrator(), editor, &scene.deploy_urls(), &tenant).await {
            Ok(next) => next,
            // It had ended but for saying so.
            Err(MoveError::NoMove { .. }) => break,
            Err(error) => panic!("{error}"),
        };
        let gives_up = round % 2 == 0 && next.wish(Wish::Abort).await.is_ok();
        // The session of the one that was cut may still have the move.
        let ended = in_its_turn(&mut next).await;
        let expected = if gives_up { Outcome::Aborted } else { Outcome::Moved };
        assert_eq!(ended.expect("ended"), Rest::Ended(expected), "round {round}");
        let rows = scene.rows_of(acme).await;
        let [at_eu, at_own] = rows;
        let home = scene.acme().await;
        assert_eq!(home.1, OrganizationStatus::Active);
        match expected {
            Outcome::Aborted => assert!(at_eu == before && at_own.is_empty() && home.0 == "eu", "round {round}"),
            Outcome::Moved => {
                assert!(at_own == before && at_eu.is_empty() && home.0 == "own", "round {round}");
                scene.begin("eu").await.expect("begun").run().await.expect("moved back");
                assert_eq!(scene.rows_of(acme).await, [before.clone(), vec![]], "round {round}");
            }
        }
        assert_eq!([fences(&scene.eu.admin).await, fences(&scene.target).await], [[""; 0]; 2], "round {round}");
    }
    println!("{cuts} cuts");
    assert!(cuts > 3, "{cuts} cuts");
}

#[tokio::test]
async fn a_row_that_is_not_alike_stops_it_before_the_switch() {
    let scene = Scene::new().await;
    let harm = "CREATE FUNCTION harm() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.name := NEW.name || '!'; RETURN NEW; END $$;
        CREATE TRIGGER harm BEFORE INSERT ON molecules FOR EACH ROW WHEN (NEW.external_ref = 'harmed') EXECUTE FUNCTION harm();
        ALTER TABLE molecules ENABLE ALWAYS TRIGGER harm";
    let mut mover = scene.begin("own").await.expect("begun");
    execute(&scene.target, harm).await;
    let row = format!(
        "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type)
         VALUES ('{}', '{}', 'harmed', 'x', 'Small molecule')",
        Uuid::from_u128(77),
        scene.eu.acme.id
    );
    execute(&scene.eu.admin, &row).await;
    let failure = mover.run().await.expect_err("it is not alike");
    let MoveError::Different { table, key, .. } = &failure else { panic!("{failure}") };
    assert!(table.contains("molecules") && key.contains(&Uuid::from_u128(77).to_string()), "{failure}");
    assert_eq!(scene.acme().await, ("eu".to_owned(), OrganizationStatus::Moving), "it waits for who decides");
    let recorded = scene.office.editor().await.moves(None, true).await.expect("moves");
    assert_eq!((recorded[0].stage, recorded[0].failure.clone()), (Stage::Comparing, Some(failure.to_string())));
    mover.wish(Wish::Abort).await.expect("said");
    drop(mover);
    let tenant = TenantName::Id(scene.eu.acme.id);
    let editor = scene.office.editor().await;
    let mut next = Mover::resume(&scene.migrator(), editor, &scene.deploy_urls(), &tenant).await.expect("there");
    assert_eq!(in_its_turn(&mut next).await.expect("ended"), Rest::Ended(Outcome::Aborted));
    assert_eq!(scene.acme().await, ("eu".to_owned(), OrganizationStatus::Active));
    assert_eq!(scene.rows_of(scene.eu.acme.id).await[1], [""; 0]);
}

#[tokio::test]
async fn what_is_in_the_way_is_named_before_anything_is_done() {
    let scene = Scene::new().await;
    let row = format!("INSERT INTO organizations (id, name) VALUES ('{}', 'Acme')", scene.eu.acme.id);
    execute(&scene.target, &row).await;
    let inhabited = scene.begin("own").await.expect_err("it has rows there");
    assert!(
        matches!(&inhabited, MoveError::Inhabited { tables, .. } if tables.contains("organizations")),
        "{inhabited}"
    );
    execute(&scene.target, "DELETE FROM organizations").await;
    execute(
        &scene.target,
        "CREATE TABLE notes (organization_id uuid NOT NULL, id uuid, PRIMARY KEY (organization_id, id))",
    )
    .await;
    let unknown = scene.begin("own").await.expect_err("a table that nobody knows").to_string();
    assert!(unknown.contains("notes"), "{unknown}");
    execute(&scene.target, "DROP TABLE notes").await;
    execute(
        &scene.office.admin,
        "UPDATE tenancy_catalog.organizations SET placement = 'own', status = 'active' WHERE false",
    )
    .await;
    let nowhere = scene.begin("us").await.expect_err("no such placement").to_string();
    assert!(nowhere.contains("migrate placement add us"), "{nowhere}");
    execute(&scene.target, "DELETE FROM targets").await;
    let mut mover = scene.begin("own").await.expect("shared rows are not looked at yet");
    let dangling = mover.run().await.expect_err("what it refers to is missing");
    assert!(matches!(&dangling, MoveError::Dangling { parent, .. } if parent.contains("targets")), "{dangling}");
    assert_eq!(scene.office.editor().await.moves(None, true).await.expect("moves").len(), 1);
    execute(&scene.target, "INSERT INTO targets (code, name) VALUES ('CDK2', 'Cyclin-dependent kinase 2')").await;
    assert_eq!(mover.run().await.expect("mended"), Rest::Ended(Outcome::Moved));
}

/// A transaction of the organisation that takes its time is not cut off, and those behind it go on in between.
#[tokio::test]
async fn a_long_transaction_is_waited_for_and_nobody_behind_it_for_long() {
    let scene = Scene::new().await;
    let router = scene.router().await;
    let connection = router.connect(TenantContext::new(scene.eu.acme.id)).await.expect("a connection");
    let transaction = connection.begin().await.expect("a transaction");
    insertion("early").insert(&transaction).await.expect("written");
    let pace = Pace { lock_timeout: Duration::from_millis(100), ..Pace::default() };
    let mut mover = scene.begin("own").await.expect("begun").pace(pace);
    let moving = tokio::spawn(async move { mover.run().await });
    until("it is armed", async || !fences(&scene.eu.admin).await.is_empty()).await;
    // It is older than the fence: nobody waits at all.
    for _ in 0..3 {
        soon("another's answer", molecule::Entity::find().all(&connection)).await.expect("an answer");
    }
    insertion("late").insert(&transaction).await.expect("written");
    transaction.commit().await.expect("committed");
    assert_eq!(soon("the move's end", moving).await.expect("no panic").expect("moved"), Rest::Ended(Outcome::Moved));
    let names = "SELECT name FROM molecules WHERE name IN ('early', 'late') ORDER BY 1";
    assert_eq!(texts(&scene.target, names).await, ["early", "late"]);
}

#[tokio::test]
async fn two_movers_are_one_too_many() {
    let scene = Scene::new().await;
    let mut one = scene.begin("own").await.expect("begun");
    let mut other = scene.begin("own").await.expect("the same move");
    assert_eq!(one.record().id, other.record().id);
    let (first, second) = tokio::join!(one.run(), other.run());
    let taken = |ended: &Result<Rest, MoveError>| matches!(ended, Err(MoveError::Taken { .. }));
    assert!(taken(&first) != taken(&second), "{first:?} {second:?}");
    drop(scene.begin("eu").await.expect("it lives elsewhere by now, so that is a move back"));
    let elsewhere = scene.begin("own").await.expect_err("it is moved elsewhere already");
    assert!(matches!(elsewhere, MoveError::OtherMove { .. }), "{elsewhere}");
}

#[tokio::test]
async fn a_program_without_a_router_is_told_where_to_look() {
    let scene = Scene::new().await;
    let mut mover = scene.begin("own").await.expect("begun");
    let harm = "ALTER TABLE molecules ADD CONSTRAINT never CHECK (false) NOT VALID";
    execute(&scene.target, harm).await;
    drop(mover.run().await.expect_err("it can't be copied"));
    let failure = molecule::Entity::find().all(&scene.eu.acme.db).await.expect_err("closed");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::Fenced { .. })), "{failure}");
    assert!(molecule::Entity::find().all(&scene.eu.beta.db).await.is_ok());
}

/// The numbers of the new home go on where those of the old one were, and never back.
#[tokio::test]
async fn numbers_go_on_in_the_new_home() {
    let scene = Scene::new().await;
    for admin in [&scene.eu.admin, &scene.target] {
        let add = "ADD COLUMN number bigint GENERATED BY DEFAULT AS IDENTITY, ADD COLUMN far bigint GENERATED BY DEFAULT AS IDENTITY";
        execute(admin, &format!("ALTER TABLE users {add}")).await;
    }
    execute(&scene.target, "SELECT setval(pg_get_serial_sequence('users', 'far'), 1000)").await;
    let last = texts(&scene.eu.admin, "SELECT last_value::text FROM users_number_seq").await;
    scene.begin("own").await.expect("begun").run().await.expect("moved");
    let next = "SELECT (nextval('users_number_seq') - 1)::text";
    assert_eq!(texts(&scene.target, next).await, last);
    assert_eq!(texts(&scene.target, "SELECT nextval('users_far_seq')::text").await, ["1001"]);
}
