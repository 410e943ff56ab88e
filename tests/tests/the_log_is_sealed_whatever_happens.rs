//! Whatever is written, sealed and erased in whatever order, the log is clean; and whatever is changed past that, it isn't.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tenant_migration::audit::{Erased, Erasure};
use tenant_seed::seeded;
use uuid::Uuid;

use crate::sealing::{ACME, BETA, Scene, tenant};
use crate::support::texts;

#[derive(Clone, Debug)]
enum Deed {
    Write { organization: Uuid, entries: u32 },
    Read { organization: Uuid },
    Start,
    Seal,
    Erase { organization: Uuid },
}

/// A change to the entry of this share of all that are sealed.
#[derive(Clone, Debug)]
struct Tampering {
    which: prop::sample::Index,
    how: &'static str,
}

fn organization() -> impl Strategy<Value = Uuid> {
    prop_oneof![Just(ACME), Just(BETA)]
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (organization(), 1..6_u32).prop_map(|(organization, entries)| Deed::Write { organization, entries }),
        1 => organization().prop_map(|organization| Deed::Read { organization }),
        1 => Just(Deed::Start),
        2 => Just(Deed::Seal),
        1 => organization().prop_map(|organization| Deed::Erase { organization }),
    ]
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let how = prop::sample::select(vec![
        "UPDATE tenancy.access_log SET touched = coalesce(touched, 0) + 1 WHERE entry = {entry}",
        "UPDATE tenancy.access_log SET at = at - interval '1 microsecond' WHERE entry = {entry}",
        "UPDATE tenancy.access_log SET kind = CASE kind WHEN 'read' THEN 'denial' ELSE 'read' END WHERE entry = {entry}",
        "UPDATE tenancy.access_log SET organization_id = gen_random_uuid() WHERE entry = {entry}",
        "DELETE FROM tenancy.access_log WHERE entry = {entry}",
        "INSERT INTO tenancy.access_log SELECT (jsonb_populate_record(l, '{\"entry\": 4711}')).*
           FROM tenancy.access_log AS l WHERE entry = {entry}",
        "UPDATE tenancy.access_log_batches SET leaves = overlay(leaves PLACING '\\x00' FROM 20) WHERE seal = 1",
        "UPDATE tenancy.access_log_seals SET sealed_at = sealed_at + interval '1 second' WHERE seal = 1",
        "DELETE FROM tenancy.access_log_batches WHERE seal = 1",
    ]);
    (any::<prop::sample::Index>(), how).prop_map(|(which, how)| Tampering { which, how })
}

#[test]
fn the_log_is_clean_if_and_only_if_nobody_tampered_with_it() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let cases = (prop::collection::vec(deed(), 1..14), prop::option::weighted(0.7, tampering()));
    let ran = TestRunner::new(seeded(24)).run(&cases, |(deeds, tampering)| {
        runtime.block_on(history(&deeds, tampering.as_ref()));
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
}

async fn history(deeds: &[Deed], tampering: Option<&Tampering>) {
    let scene = Scene::new().await;
    for deed in deeds {
        match deed {
            Deed::Write { organization, entries } => scene.write(*organization, *entries).await,
            Deed::Read { organization } => scene.access(*organization, "read").await,
            Deed::Start => scene.start_refused().await,
            Deed::Seal => drop(scene.seal().await),
            Deed::Erase { organization } => {
                let erasure = Erasure::new(tenant(*organization), Erased::All, "a property").expect("a reason");
                erasure.run(&mut scene.migrator().await).await.unwrap_or_else(|error| panic!("{error}"));
            }
        }
        scene.is_clean("nobody tampered").await;
    }
    let Some(Tampering { which, how }) = tampering else { return };
    scene.seal().await;
    let report = scene.is_clean("all is sealed").await;
    assert_eq!(report.checked().unsealed, 0);
    let entries = texts(&scene.admin, "SELECT entry::text FROM tenancy.access_log l ORDER BY l.entry").await;
    if entries.is_empty() {
        return;
    }
    let entry: &String = which.get(&entries);
    let sql = how.replace("{entry}", entry);
    scene.tamper(&sql).await;
    let report = scene.verify().await;
    assert!(!report.is_clean(), "{sql}: {report}");
}
