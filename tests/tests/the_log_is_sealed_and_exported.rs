//! An export proves itself, without a database: what is cut or edited in it is found, by its line.

use std::path::Path;

use tenant_migration::audit::{AuditError, Export, PublicKeys, SealingKey, check_export};

use crate::sealing::{ACME, BETA, Scene, tenant};

async fn exported(scene: &Scene, export: Export) -> std::path::PathBuf {
    let file = scene.file("export");
    export.write(&mut scene.migrator().await, &file).await.unwrap_or_else(|error| panic!("{error}"));
    file
}

/// The line that is refused, and why.
fn refusal(lines: &[String], end: &str, scene: &Scene, keys: &PublicKeys) -> (usize, String) {
    let file = scene.file("edited");
    std::fs::write(&file, lines.join("\n") + end).expect("written");
    match check_export(&file, keys) {
        Err(AuditError::ExportLine { line, reason, .. }) => (line, reason),
        other => panic!("{other:?}"),
    }
}

fn lines(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).expect("a file").lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn an_export_proves_itself() {
    let scene = Scene::furnished().await;
    let file = exported(&scene, Export::new(tenant(ACME))).await;
    let report = check_export(&file, &scene.keys).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((report.seals, report.batches, report.entries, report.unsealed, report.values), (2, 2, 8, 1, 5));
    let text = std::fs::read_to_string(&file).expect("a file");
    assert!(text.contains("Ada") && !text.contains(&BETA.to_string()), "its own rows and nobody else's");

    let nobody = exported(&scene, Export::new(tenant(uuid::Uuid::from_u128(0xC)))).await;
    assert_eq!(check_export(&nobody, &scene.keys).expect("whole").entries, 0);
}

#[tokio::test]
async fn what_is_cut_or_edited_is_named_by_its_line() {
    let scene = Scene::furnished().await;
    let whole = lines(&exported(&scene, Export::new(tenant(ACME))).await);
    let refused = |lines: &[String]| refusal(lines, "\n", &scene, &scene.keys);
    // header, seal, batch, 5 entries, seal, batch, 3 entries, an unsealed one, footer
    assert_eq!(whole.len(), 15, "{whole:#?}");

    for kept in 0..whole.len() {
        let (line, reason) = if kept == 0 { refusal(&[], "", &scene, &scene.keys) } else { refused(&whole[..kept]) };
        assert!(line == kept + 1 && reason.contains("cut"), "{kept} lines: line {line}: {reason}");
    }
    let (line, reason) = refusal(&whole[..14], &whole[14][..20].replacen('{', "\n{", 1), &scene, &scene.keys);
    assert!(line == 15 && reason.contains("middle"), "line {line}: {reason}");

    for gone in 0..whole.len() - 1 {
        let mut edited = whole.clone();
        edited.remove(gone);
        let (line, reason) = refused(&edited);
        assert!(line > gone && line <= whole.len(), "without line {}: line {line}: {reason}", gone + 1);
    }
    let edit = |line: usize, from: &str, to: &str| {
        let mut edited = whole.clone();
        assert!(edited[line - 1].contains(from), "{}", edited[line - 1]);
        edited[line - 1] = edited[line - 1].replacen(from, to, 1);
        refused(&edited)
    };
    for (at, from, to, word) in [
        (2, "\"entries\":", "\"entries\":1", "seal 1"),
        (2, "\"signature\":\"", "\"signature\":\"00", "signature"),
        (3, "\"first\":0", "\"first\":1", "batch 1"),
        (3, "\"index\":", "\"index\":1", "proof"),
        (4, "\"touched\":1", "\"touched\":2", "hash"),
        (4, "Ada", "Eve", "held"),
        (5, "\"number\":1", "\"number\":2", "number 2"),
        (5, "public.molecules", "public.targets", "hash"),
        (10, "\"batch\":2", "\"batch\":3", "batch 3"),
        (15, "\"values\":5", "\"values\":4", "counts"),
    ] {
        let (line, reason) = edit(at, from, to);
        assert!(line == at && reason.contains(word), "line {at}, {from}: line {line}: {reason}");
    }
    // A blank proves nothing, but the digest knows it.
    let (line, reason) = edit(4, ",", ", ");
    assert!(line == 15 && reason.contains("edited"), "line {line}: {reason}");
    let twice = [&whole[..4], &whole[3..]].concat();
    let (line, reason) = refused(&twice);
    assert!(line == 5 && reason.contains("twice"), "line {line}: {reason}");

    let other: PublicKeys = [SealingKey::generate().expect("a key").public()].into_iter().collect();
    let (line, reason) = refusal(&whole, "\n", &scene, &other);
    assert!(line == 2 && reason.contains("signed with key"), "line {line}: {reason}");
}

#[tokio::test]
async fn a_log_that_was_changed_is_not_exported() {
    let scene = Scene::furnished().await;
    let entry = scene.entries(ACME).await[2];
    scene.tamper(&format!("UPDATE tenancy.access_log SET touched = 99 WHERE entry = {entry}")).await;
    let file = scene.file("export");
    let error = Export::new(tenant(ACME)).write(&mut scene.migrator().await, &file).await.expect_err("damaged");
    assert!(error.to_string().contains(&format!("entry {entry} (number 2)")), "{error}");
    let left: Vec<_> = std::fs::read_dir(file.parent().expect("a folder")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "the anchor alone: {left:?}");
    exported(&scene, Export::new(tenant(BETA))).await;
}

#[tokio::test]
async fn an_export_can_be_of_some_time() {
    let scene = Scene::furnished().await;
    let query = format!("SELECT at::text FROM tenancy.access_log l WHERE organization_id = '{ACME}' ORDER BY l.entry");
    let times = crate::support::texts(&scene.admin, &query).await;
    let some = exported(&scene, Export::new(tenant(ACME)).from(&times[3]).to(&times[6])).await;
    let report = check_export(&some, &scene.keys).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((report.entries, report.batches, report.unsealed), (3, 2, 0));
    let error =
        Export::new(tenant(ACME)).from("soon").write(&mut scene.migrator().await, &some).await.expect_err("no time");
    assert!(matches!(error, AuditError::Time { .. }), "{error}");
}
