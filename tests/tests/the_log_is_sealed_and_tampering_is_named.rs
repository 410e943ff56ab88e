//! Whoever changes the log in the database is found, and what was changed is named.

use tenant_migration::audit::{Finding, FindingKind, Verification};
use uuid::Uuid;

use crate::sealing::{ACME, BETA, Scene, tenant};
use crate::support::{execute, texts};

/// What a tampering is found as, and where.
#[derive(Clone, Copy, Debug)]
enum At {
    /// The organisation's entry of this place among its own.
    Entry(Uuid, usize),
    Batch(Uuid, i64),
    Seal(i64),
    /// An entry that was not there before.
    NewEntry(Uuid, i64),
}

/// What a superuser does: `{entry}` is the entry's number.
struct Tampering {
    name: &'static str,
    sql: &'static str,
    kind: FindingKind,
    at: At,
}

const fn tampering(name: &'static str, sql: &'static str, kind: FindingKind, at: At) -> Tampering {
    Tampering { name, sql, kind, at }
}

const TAMPERINGS: [Tampering; 32] = [
    tampering(
        "an entry's user is changed",
        "UPDATE tenancy.access_log SET user_id = gen_random_uuid() WHERE entry = {entry}",
        FindingKind::EntryChanged,
        At::Entry(ACME, 1),
    ),
    tampering(
        "an entry's user is changed, and its hash made to fit",
        "UPDATE tenancy.access_log SET user_id = gen_random_uuid() WHERE entry = {entry}; {rehash}",
        FindingKind::EntryChanged,
        At::Entry(ACME, 1),
    ),
    tampering(
        "an alarm is taken away",
        "UPDATE tenancy.access_log SET alarm = NOT alarm WHERE entry = {entry}",
        FindingKind::EntryChanged,
        At::Entry(BETA, 3),
    ),
    tampering(
        "an entry is changed and its hash kept",
        "UPDATE tenancy.access_log SET touched = 99 WHERE entry = {entry}",
        FindingKind::EntryChanged,
        At::Entry(ACME, 2),
    ),
    tampering(
        "an entry's hash is changed",
        "UPDATE tenancy.access_log SET hash = sha256('x') WHERE entry = {entry}",
        FindingKind::EntryChanged,
        At::Entry(ACME, 0),
    ),
    tampering(
        "the tables are made an array of arrays",
        "UPDATE tenancy.access_log SET tables = ARRAY[tables] WHERE entry = {entry}",
        FindingKind::EntryChanged,
        At::Entry(ACME, 0),
    ),
    tampering(
        "an entry is removed",
        "DELETE FROM tenancy.access_log WHERE entry = {entry}",
        FindingKind::EntryRemoved,
        At::Entry(ACME, 4),
    ),
    tampering(
        "an entry is added",
        "INSERT INTO tenancy.access_log SELECT (jsonb_populate_record(l, '{\"entry\": 4711}')).*
         FROM tenancy.access_log AS l WHERE entry = {entry}",
        FindingKind::EntryInserted,
        At::NewEntry(ACME, 4711),
    ),
    tampering(
        "an entry of an organisation without entries is added",
        "INSERT INTO tenancy.access_log SELECT (jsonb_populate_record(l,
           '{\"entry\": 4711, \"organization_id\": \"00000000-0000-0000-0000-00000000000c\", \"transaction\": 3}')).*
         FROM tenancy.access_log AS l WHERE entry = {entry}",
        FindingKind::EntryInserted,
        At::NewEntry(Uuid::from_u128(0xC), 4711),
    ),
    tampering(
        "an entry is there twice",
        "INSERT INTO tenancy.access_log SELECT * FROM tenancy.access_log WHERE entry = {entry}",
        FindingKind::EntryDuplicated,
        At::Entry(BETA, 1),
    ),
    tampering(
        "an entry is given to another organisation",
        "UPDATE tenancy.access_log SET organization_id = '00000000-0000-0000-0000-00000000000b' WHERE entry = {entry}",
        FindingKind::EntryMoved,
        At::Entry(ACME, 3),
    ),
    tampering(
        "an entry is given to nobody",
        "UPDATE tenancy.access_log SET organization_id = NULL WHERE entry = {entry}",
        FindingKind::EntryMoved,
        At::Entry(BETA, 0),
    ),
    tampering(
        "an entry's time is changed",
        "UPDATE tenancy.access_log SET at = at + interval '1 microsecond' WHERE entry = {entry}",
        FindingKind::EntryChanged,
        At::Entry(ACME, 3),
    ),
    tampering(
        "an entry is moved to another month's partition",
        "UPDATE tenancy.access_log SET at = at + interval '1 month' WHERE entry = {entry}",
        FindingKind::EntryChanged,
        At::Entry(ACME, 5),
    ),
    tampering(
        "an entry and its leaf are changed",
        "UPDATE tenancy.access_log SET request_id = 'other' WHERE entry = {entry}; {rehash};
         UPDATE tenancy.access_log_batches b SET leaves = overlay(leaves PLACING
             (SELECT hash FROM tenancy.access_log WHERE entry = {entry}) FROM 17)
         WHERE organization_id = '00000000-0000-0000-0000-00000000000a' AND batch = 1",
        FindingKind::BatchChanged,
        At::Batch(ACME, 1),
    ),
    tampering(
        "two leaves change places",
        "UPDATE tenancy.access_log_batches SET leaves = substring(leaves FOR 48) || substring(leaves FROM 97 FOR 48)
             || substring(leaves FROM 49 FOR 48) || substring(leaves FROM 145)
         WHERE organization_id = '00000000-0000-0000-0000-00000000000a' AND batch = 1",
        FindingKind::LeavesReordered,
        At::Entry(ACME, 2),
    ),
    tampering(
        "an entry and its leaf are removed",
        "DELETE FROM tenancy.access_log WHERE entry = {entry};
         UPDATE tenancy.access_log_batches SET leaves = substring(leaves FROM 49)
         WHERE organization_id = '00000000-0000-0000-0000-00000000000a' AND batch = 1",
        FindingKind::BatchChanged,
        At::Batch(ACME, 1),
    ),
    tampering(
        "bytes of the leaves are missing",
        "UPDATE tenancy.access_log_batches SET leaves = substring(leaves FROM 2)
         WHERE organization_id = '00000000-0000-0000-0000-00000000000b' AND batch = 1",
        FindingKind::BatchChanged,
        At::Batch(BETA, 1),
    ),
    tampering(
        "entries are numbered anew",
        "UPDATE tenancy.access_log_batches SET first = first + 1
         WHERE organization_id = '00000000-0000-0000-0000-00000000000b' AND batch = 2",
        FindingKind::BatchChanged,
        At::Batch(BETA, 2),
    ),
    tampering(
        "a batch is given another hash",
        "UPDATE tenancy.access_log_batches SET hash = sha256('x')
         WHERE organization_id = '00000000-0000-0000-0000-00000000000b' AND batch = 2",
        FindingKind::BatchChanged,
        At::Batch(BETA, 2),
    ),
    tampering(
        "a batch is removed",
        "DELETE FROM tenancy.access_log_batches WHERE organization_id = '00000000-0000-0000-0000-00000000000a' AND batch = 1",
        FindingKind::BatchRemoved,
        At::Batch(ACME, 2),
    ),
    tampering(
        "an organisation's last batch is removed",
        "DELETE FROM tenancy.access_log_batches WHERE organization_id = '00000000-0000-0000-0000-00000000000a' AND batch = 2",
        FindingKind::BatchRemoved,
        At::Seal(2),
    ),
    tampering(
        "a batch is removed with its entries",
        "DELETE FROM tenancy.access_log_batches WHERE organization_id = '00000000-0000-0000-0000-00000000000b';
         DELETE FROM tenancy.access_log WHERE organization_id = '00000000-0000-0000-0000-00000000000b'",
        FindingKind::BatchRemoved,
        At::Seal(1),
    ),
    tampering(
        "a batch is added to a seal",
        "INSERT INTO tenancy.access_log_batches SELECT '00000000-0000-0000-0000-00000000000c', 1, 2, first, '', root, hash, leaves
         FROM tenancy.access_log_batches WHERE organization_id = '00000000-0000-0000-0000-00000000000a' AND batch = 1",
        FindingKind::BatchAdded,
        At::Seal(2),
    ),
    tampering(
        "a batch is added to no seal",
        "INSERT INTO tenancy.access_log_batches SELECT organization_id, 9, 9, first, '', root, hash, leaves
         FROM tenancy.access_log_batches WHERE organization_id = '00000000-0000-0000-0000-00000000000a' AND batch = 1",
        FindingKind::BatchAdded,
        At::Batch(ACME, 9),
    ),
    tampering(
        "a seal is removed with its batches",
        "DELETE FROM tenancy.access_log_batches WHERE seal = 1; DELETE FROM tenancy.access_log_seals WHERE seal = 1",
        FindingKind::SealRemoved,
        At::Seal(2),
    ),
    tampering(
        "a seal's horizon is changed",
        "UPDATE tenancy.access_log_seals SET horizon = 3 WHERE seal = 1",
        FindingKind::SealChanged,
        At::Seal(1),
    ),
    tampering(
        "a seal is signed by somebody else",
        "UPDATE tenancy.access_log_seals SET signature = decode(repeat('00', 64), 'hex') WHERE seal = 2",
        FindingKind::SealChanged,
        At::Seal(2),
    ),
    tampering(
        "a seal names another key",
        "UPDATE tenancy.access_log_seals SET key = '0123456789abcdef' WHERE seal = 1",
        FindingKind::UnknownKey,
        At::Seal(1),
    ),
    tampering(
        "what a row held is changed",
        "UPDATE tenancy.access_log_values SET changes = '[]' WHERE entry = {entry}",
        FindingKind::ValuesChanged,
        At::Entry(ACME, 0),
    ),
    tampering(
        "what a row held is removed",
        "DELETE FROM tenancy.access_log_values WHERE entry = {entry}",
        FindingKind::ValuesRemoved,
        At::Entry(ACME, 2),
    ),
    tampering(
        "what a row held is added",
        "INSERT INTO tenancy.access_log_values SELECT entry, at, organization_id, 'salt', '[]' FROM tenancy.access_log
         WHERE entry = {entry}",
        FindingKind::ValuesChanged,
        At::Entry(ACME, 1),
    ),
];

/// Gives an entry the hash of what it says.
const REHASH: &str = "UPDATE tenancy.access_log SET hash = tenancy.entry_hash(entry, at, organization_id, bound_tenant, user_id,
    request_id, database_role, transaction, kind, alarm, tables, touched, statement, duration, reason, commitment) WHERE entry = {entry}";

fn is_there(finding: &Finding, at: At, entry: Option<i64>) -> bool {
    match at {
        At::Entry(organization, _) => finding.organization == Some(organization) && finding.entry == entry,
        At::NewEntry(organization, entry) => finding.organization == Some(organization) && finding.entry == Some(entry),
        At::Batch(organization, batch) => finding.organization == Some(organization) && finding.batch == Some(batch),
        At::Seal(seal) => finding.seal == Some(seal) && finding.organization.is_none(),
    }
}

#[tokio::test]
async fn each_tampering_is_found_and_named() {
    for Tampering { name, sql, kind, at } in TAMPERINGS {
        let scene = Scene::furnished().await;
        let before = scene.is_clean(name).await;
        assert_eq!((before.checked().seals, before.checked().entries, before.checked().unsealed), (2, 14, 1), "{name}");
        let (organization, place) = match at {
            At::Entry(organization, place) => (organization, place),
            At::NewEntry(..) | At::Batch(..) | At::Seal(_) => (ACME, 0),
        };
        let entry = scene.entries(organization).await[place];
        scene.tamper(&sql.replace("{rehash}", REHASH).replace("{entry}", &entry.to_string())).await;
        let report = scene.verify().await;
        let found = report.findings().iter().find(|finding| finding.kind == kind && is_there(finding, at, Some(entry)));
        let found = found.unwrap_or_else(|| panic!("{name}: not {kind} at {at:?}, but\n{report}"));
        // Whose number it is: its place among those of the organisation.
        if let (At::Entry(_, place), false) = (at, kind == FindingKind::LeavesReordered) {
            assert_eq!(found.number, i64::try_from(place).ok(), "{name}: {report}");
        }
    }
}

#[tokio::test]
async fn a_cut_end_is_found_by_the_anchor_alone() {
    let scene = Scene::furnished().await;
    scene.is_clean("before").await;
    let cut =
        "DELETE FROM tenancy.access_log_batches WHERE seal = 2; DELETE FROM tenancy.access_log_seals WHERE seal = 2";
    scene.tamper(cut).await;
    let without = Verification::new(scene.keys.clone());
    let report = scene.verify_with(without).await;
    assert!(report.is_clean(), "nothing in the database tells: {report}");
    let report = scene.verify().await;
    let [finding] = report.findings() else { panic!("{report}") };
    assert_eq!((finding.kind, finding.seal), (FindingKind::ChainCut, Some(2)));
    // The sealer doesn't go on as if nothing had been.
    let error = scene.sealer.seal(&mut scene.migrator().await).await.expect_err("refused");
    assert!(error.to_string().contains("seal 2 of the anchor"), "{error}");
}

#[tokio::test]
async fn a_chain_that_was_made_anew_differs_from_the_anchor() {
    let scene = Scene::furnished().await;
    scene.tamper("DELETE FROM tenancy.access_log_batches; DELETE FROM tenancy.access_log_seals").await;
    std::fs::rename(scene.file("anchor"), scene.file("old")).expect("put away");
    scene.seal().await;
    scene.write(ACME, 1).await;
    scene.seal().await;
    scene.is_clean("the new one by itself").await;
    std::fs::rename(scene.file("old"), scene.file("anchor")).expect("taken back");
    let report = scene.verify().await;
    let kinds: Vec<_> = report.findings().iter().map(|finding| (finding.kind, finding.seal)).collect();
    assert_eq!(kinds, [(FindingKind::AnchorDiffers, Some(1)), (FindingKind::AnchorDiffers, Some(2))]);
}

#[tokio::test]
async fn a_month_that_was_dropped_by_nobody_with_the_key_is_found() {
    let scene = Scene::furnished().await;
    scene.is_clean("before").await;
    let months = "SELECT DISTINCT tableoid::regclass::text FROM tenancy.access_log";
    for month in texts(&scene.admin, months).await {
        execute(&scene.admin, &format!("DROP TABLE {month}")).await;
    }
    let report = scene.verify().await;
    let removed = report.findings().iter().filter(|finding| finding.kind == FindingKind::EntryRemoved);
    assert_eq!(removed.count(), 14, "{report}");
    // Nor by whoever writes a record without it.
    scene.tamper("INSERT INTO tenancy.access_log_retentions SELECT 1, now() + interval '1 day', now(), key, signature FROM tenancy.access_log_seals WHERE seal = 1").await;
    let report = scene.verify().await;
    assert!(report.findings().iter().any(|finding| finding.kind == FindingKind::RetentionChanged), "{report}");
    let removed = report.findings().iter().filter(|finding| finding.kind == FindingKind::EntryRemoved);
    assert_eq!(removed.count(), 14, "{report}");
}

#[tokio::test]
async fn one_organisation_is_looked_at_alone() {
    let scene = Scene::furnished().await;
    let entry = scene.entries(BETA).await[0];
    scene.tamper(&format!("UPDATE tenancy.access_log SET touched = 5 WHERE entry = {entry}")).await;
    let of = |organization| Verification::new(scene.keys.clone()).tenant(tenant(organization));
    let acme = scene.verify_with(of(ACME)).await;
    assert!(acme.is_clean() && acme.checked().entries == 8, "{acme}");
    let beta = scene.verify_with(of(BETA)).await;
    assert!(!beta.is_clean() && beta.checked().entries == 4, "{beta}");
}
