//! Only keys that were given are believed, and keys can be changed.

use tenant_migration::audit::{
    Anchor, AuditError, FindingKind, KeyError, PublicKeys, Sealer, SealingKey, Verification,
};

use crate::sealing::{ACME, Scene};

fn key() -> SealingKey {
    SealingKey::generate().expect("a key")
}

#[tokio::test]
async fn a_key_is_changed_and_both_are_believed() {
    let mut scene = Scene::furnished().await;
    let before: PublicKeys = scene.keys.clone();
    let second = key();
    let public = second.public();
    scene.sealer = Sealer::new(second).anchor(Anchor::at(scene.file("anchor")));
    assert_eq!(scene.seal().await.seal.expect("one").number(), 3);

    let report = scene.verify().await;
    let [finding, anchored] = report.findings() else { panic!("{report}") };
    assert_eq!((finding.kind, finding.seal), (FindingKind::UnknownKey, Some(3)));
    assert!(finding.detail.contains(&public.id().to_string()), "the key that is wanted: {finding}");
    assert_eq!((anchored.kind, anchored.seal), (FindingKind::AnchorDiffers, Some(3)));

    scene.keys = before.with(public);
    assert_eq!(scene.is_clean("with both").await.checked().seals, 3);
    scene.keys = [public].into_iter().collect();
    let report = scene.verify().await;
    let unknown = report.findings().iter().filter(|finding| finding.kind == FindingKind::UnknownKey);
    assert_eq!(unknown.map(|finding| finding.seal).collect::<Vec<_>>(), [Some(1), Some(2)]);
}

#[tokio::test]
async fn without_a_key_nothing_is_believed() {
    let scene = Scene::furnished().await;
    let error = Verification::new(PublicKeys::default()).run(&mut scene.migrator().await).await.expect_err("no key");
    assert!(matches!(error, AuditError::Key(KeyError::NoPublic)), "{error}");
}

/// Who has the database and no key can make seals, and no signatures.
#[tokio::test]
async fn a_chain_that_is_signed_by_another_key_under_the_name_of_the_first_is_found() {
    let mut scene = Scene::furnished().await;
    scene.tamper("DELETE FROM tenancy.access_log_batches; DELETE FROM tenancy.access_log_seals").await;
    let real = scene.keys.clone();
    scene.sealer = Sealer::new(key());
    scene.write(ACME, 1).await;
    let forged = scene.seal().await.seal.expect("one");
    scene.keys = real;
    let name = forged_name(&scene).await;
    scene.tamper(&format!("UPDATE tenancy.access_log_seals SET key = '{name}'")).await;
    let report = scene.verify_with(Verification::new(scene.keys.clone())).await;
    assert!(
        report
            .findings()
            .iter()
            .any(|found| found.kind == FindingKind::SealChanged && found.seal == Some(forged.number()))
    );
}

/// What the sealer's first key is called, from the anchor.
async fn forged_name(scene: &Scene) -> String {
    let anchor = std::fs::read_to_string(scene.file("anchor")).expect("an anchor");
    let line: serde_json::Value = serde_json::from_str(anchor.lines().next().expect("a line")).expect("JSON");
    line["key"].as_str().expect("a name").to_owned()
}
