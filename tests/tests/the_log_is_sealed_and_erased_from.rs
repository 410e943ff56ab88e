//! What rows held can be erased, and the log stays as it was sealed.

use tenant_core::UserId;
use tenant_core::session::USER_VARIABLE;
use tenant_migration::audit::{AuditError, Erased, Erasure, ErasureRecord, Export, FindingKind, check_export};
use uuid::Uuid;

use crate::sealing::{ACME, BETA, Scene, run, tenant, written};
use crate::support::texts;

async fn erase(scene: &Scene, organization: Uuid, what: Erased) -> ErasureRecord {
    let erasure = Erasure::new(tenant(organization), what, "asked for; entries 9-99").expect("a reason");
    erasure.run(&mut scene.migrator().await).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn values_are_erased_and_the_log_stays_clean() {
    let scene = Scene::furnished().await;
    let before = *scene.is_clean("before").await.checked();
    assert_eq!((before.values, before.erased), (7, 0));
    let entries = scene.entries(ACME).await;
    let some = format!("{}", entries[0]).parse().expect("entries");
    let record = erase(&scene, ACME, Erased::Entries(some)).await;
    assert_eq!((record.values, record.entries.to_string()), (1, entries[0].to_string()));
    let after = *scene.is_clean("at once").await.checked();
    assert_eq!((after.values, after.erased), (6, 1));

    let record = erase(&scene, ACME, Erased::All).await;
    assert_eq!(record.values, 4);
    let says = format!(
        "SELECT concat_ws(' ', kind, organization_id, touched, reason) FROM tenancy.access_log WHERE entry = {}",
        record.entry.expect("one")
    );
    let says = texts(&scene.admin, &says).await;
    let expected = format!("erasure {ACME} 4 asked for; entries 9-99; values erased of entries {}", record.entries);
    assert_eq!(says, [expected]);
    assert_eq!(
        texts(&scene.admin, "SELECT DISTINCT organization_id::text FROM tenancy.access_log_values").await,
        [BETA.to_string()]
    );
    scene.seal().await;
    let after = *scene.is_clean("when it is sealed").await.checked();
    assert_eq!((after.values, after.erased, after.unsealed), (3, 5, 0));

    let file = scene.file("export");
    Export::new(tenant(ACME)).write(&mut scene.migrator().await, &file).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(!std::fs::read_to_string(&file).expect("a file").contains("Ada"));
    assert_eq!(check_export(&file, &scene.keys).expect("whole").values, 0);
    assert_eq!(erase(&scene, ACME, Erased::All).await.entry, None);
}

#[tokio::test]
async fn what_one_user_wrote_is_erased_alone() {
    let scene = Scene::new().await;
    let user = Uuid::from_u128(7);
    let mut owner = scene.owner().await;
    for number in 0..6 {
        let by = if number == 3 { Uuid::from_u128(8) } else { user };
        run(&mut owner, &format!("SELECT set_config('{USER_VARIABLE}', '{by}', false)")).await;
        run(&mut owner, &written(ACME, true)).await;
        run(&mut owner, &written(BETA, true)).await;
    }
    scene.seal().await;
    let entries = scene.entries(ACME).await;
    let record = erase(&scene, ACME, Erased::User(UserId::new(user))).await;
    let expected = format!("{}-{},{}-{}", entries[0], entries[2], entries[4], entries[5]);
    assert_eq!((record.values, record.entries.to_string()), (5, expected));
    let checked = *scene.is_clean("after").await.checked();
    assert_eq!((checked.values, checked.erased), (7, 5));
    // The erasure is no leave to take away more.
    scene.tamper(&format!("DELETE FROM tenancy.access_log_values WHERE entry = {}", entries[3])).await;
    let report = scene.verify().await;
    let [finding] = report.findings() else { panic!("{report}") };
    assert_eq!((finding.kind, finding.entry), (FindingKind::ValuesRemoved, Some(entries[3])));
}

#[tokio::test]
async fn an_erasure_has_a_reason_and_a_role() {
    let scene = Scene::furnished().await;
    assert!(matches!(Erasure::new(tenant(ACME), Erased::All, " "), Err(AuditError::NoReason)));
    for role in ["tenancy_app", "tenancy_admin"] {
        let mut connection = crate::sealing::connect(&scene.database.url(role)).await;
        let erasure = Erasure::new(tenant(ACME), Erased::All, "a test").expect("a reason");
        let error = erasure.run(&mut connection).await.expect_err(role).to_string();
        assert!(error.contains("42501"), "{role}: {error}");
    }
    assert_eq!(scene.is_clean("after").await.checked().values, 7);
}
