//! An organisation goes for good: all its rows, from every placement, and nobody else's.

use sea_orm::EntityTrait;
use tenant_core::{OrganizationStatus, TenantContext, TenantId};
use tenant_migration::audit::SealingKey;
use tenant_migration::catalog::TenantName;
use tenant_migration::erasure::{SignedErasure, TenantErasure, TenantErasureError, TenantErasureReport};
use tenant_migration::relocation::{HoldingsError, SiteError};

use crate::support::{Scene, execute, insertion, texts};

const WHY: &str = "its contract ended";

async fn begin(scene: &Scene, confirmed: &str, reason: &str) -> Result<TenantErasure, TenantErasureError> {
    let (migrator, editor, urls) = (scene.migrator(), scene.office.editor().await, scene.deploy_urls());
    TenantErasure::begin(&migrator, editor, &urls, &TenantName::Id(scene.eu.acme.id), confirmed, reason).await
}

async fn suspended() -> Scene {
    let scene = Scene::new().await;
    scene.office.editor().await.suspend(&TenantName::Id(scene.eu.acme.id)).await.expect("suspended");
    scene
}

/// A row of Acme in each placement: an earlier move may have left some anywhere.
async fn leave_behind(scene: &Scene, id: TenantId) {
    let row = format!(
        "INSERT INTO organizations (id, name) VALUES ('{id}', 'Acme');
         INSERT INTO molecules (organization_id, id, external_ref, name, molecule_type)
         VALUES ('{id}', gen_random_uuid(), 'left', 'left', 'x')"
    );
    execute(&scene.target, &row).await;
}

fn rows_in(report: &TenantErasureReport, placement: &str) -> u64 {
    let found = report.placements.iter().find(|found| found.placement == placement).expect("it was looked at");
    found.tables.iter().map(|table| table.rows).sum()
}

#[tokio::test]
async fn all_its_rows_go_from_every_placement_and_nobody_elses() {
    let scene = suspended().await;
    let (acme, beta) = (scene.eu.acme.id, scene.eu.beta.id);
    leave_behind(&scene, acme).await;
    execute(&scene.eu.admin, &format!("UPDATE users SET email = 'new-' || email WHERE organization_id = '{acme}'"))
        .await;
    let ([here, there], others) = (scene.rows_of(acme).await, scene.rows_of(beta).await);
    assert!(here.len() > 5 && there.len() == 2, "{here:?} {there:?}");
    let values = "SELECT count(*)::text FROM tenancy.access_log_values WHERE organization_id = ";
    let kept = texts(&scene.eu.admin, &format!("{values}'{acme}'")).await;
    let report = begin(&scene, "Acme", WHY).await.expect("looked at").run().await.expect("erased");
    assert_eq!(scene.rows_of(acme).await, [[""; 0], [""; 0]]);
    assert_eq!(scene.rows_of(beta).await, others);
    assert_eq!(scene.acme().await, ("eu".to_owned(), OrganizationStatus::Archived));
    assert_eq!((rows_in(&report, "eu"), rows_in(&report, "own")), (here.len() as u64, 2), "{report:?}");
    assert_eq!((report.organization, report.reason.as_str()), (acme, WHY));
    assert_eq!(texts(&scene.eu.admin, &format!("{values}'{acme}'")).await, ["0"]);
    let removed: i64 = report.placements.iter().map(|placement| placement.values).sum();
    assert_eq!([removed.to_string()][..], kept[..], "{report:?}");
    assert_ne!(removed, 0, "else nothing was shown");
    let said = format!("SELECT reason FROM tenancy.access_log WHERE organization_id = '{acme}' AND kind = 'erasure'");
    let said = texts(&scene.eu.admin, &said).await;
    assert!(said.len() == 1 && said[0].starts_with(WHY), "{said:?}");
    let again = begin(&scene, "Acme", WHY).await.expect("looked at").run().await.expect("nothing is left");
    assert_eq!(again.rows(), 0);
}

#[tokio::test]
async fn what_is_in_the_way_is_said_before_anything_is_removed() {
    let scene = Scene::new().await;
    let acme = scene.eu.acme.id;
    let before = scene.rows_of(acme).await;
    let refused = begin(&scene, "Acme", WHY).await.map(drop).expect_err("it works");
    assert!(matches!(refused, TenantErasureError::Status { status: OrganizationStatus::Active, .. }), "{refused}");
    let name = TenantName::Id(acme);
    scene.office.editor().await.suspend(&name).await.expect("suspended");
    let refused = begin(&scene, "acme", WHY).await.map(drop).expect_err("another name");
    assert!(matches!(refused, TenantErasureError::Unconfirmed { .. }), "{refused}");
    let refused = begin(&scene, "Acme", " ").await.map(drop).expect_err("no reason");
    assert!(matches!(refused, TenantErasureError::NoReason), "{refused}");
    let mover = scene.begin("own").await.expect("a move is begun");
    let refused = begin(&scene, "Acme", WHY).await.map(drop).expect_err("it moves");
    assert!(matches!(refused, TenantErasureError::Moving { .. }), "{refused}");
    drop(mover);
    let mut mover = scene.begin("own").await.expect("the same");
    mover.wish(tenant_migration::catalog::Wish::Abort).await.expect("wished");
    mover.run().await.expect("given up");
    execute(&scene.target, "CREATE TABLE notes (organization_id uuid)").await;
    let refused = begin(&scene, "Acme", WHY).await.map(drop).expect_err("nobody knows what is in it");
    let TenantErasureError::Placement(error) = &refused else { panic!("{refused}") };
    let SiteError::Holdings { placement, source } = &**error else { panic!("{refused}") };
    let HoldingsError::Unknown { table, .. } = source else { panic!("{refused}") };
    assert_eq!((placement.as_str(), table.as_str()), ("own", r#""public"."notes""#));
    assert_eq!(scene.rows_of(acme).await, before);
    assert_eq!(scene.acme().await.1, OrganizationStatus::Suspended);
}

/// A program that has no router, and writes when all was removed, is found out: no report says that nothing is left.
#[tokio::test]
async fn rows_that_come_meanwhile_are_said() {
    let scene = suspended().await;
    let acme = scene.eu.acme.id;
    let trigger = format!(
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
           INSERT INTO public.organizations (id, name) VALUES ('{acme}', 'late'); RETURN NULL; END $$;
         CREATE TRIGGER late AFTER DELETE ON organizations FOR EACH STATEMENT EXECUTE FUNCTION late();
         ALTER TABLE organizations ENABLE ALWAYS TRIGGER late"
    );
    execute(&scene.target, &trigger).await;
    let erased = begin(&scene, "Acme", WHY).await.expect("looked at").run().await;
    match erased {
        Err(TenantErasureError::Written { placement, table, .. }) => {
            assert_eq!((placement.as_str(), table.as_str()), ("own", r#""public"."organizations""#));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn no_router_opens_it_any_more() {
    let scene = suspended().await;
    begin(&scene, "Acme", WHY).await.expect("looked at").run().await.expect("erased");
    let refused = scene.router().await.connect(TenantContext::new(scene.eu.acme.id)).await;
    assert!(refused.is_err(), "it is archived");
    let other = scene.router().await.connect(TenantContext::new(scene.eu.beta.id)).await.expect("Beta works on");
    assert!(!entities::molecule::Entity::find().all(&other).await.expect("an answer").is_empty());
    let written = sea_orm::ActiveModelTrait::insert(insertion("after"), &other).await;
    written.expect("Beta writes on");
}

#[tokio::test]
async fn a_report_that_was_changed_is_refused() {
    let scene = suspended().await;
    let report = begin(&scene, "Acme", WHY).await.expect("looked at").run().await.expect("erased");
    let (key, stranger) = (SealingKey::generate().expect("a key"), SealingKey::generate().expect("a key"));
    let keys = [key.public()].into_iter().collect();
    let signed = report.sign(&key).expect("signed");
    assert_eq!(signed.check(&keys).expect("it is as it was"), report);
    let text = serde_json::to_string(&signed).expect("JSON");
    let changed: SignedErasure = serde_json::from_str(&text.replace("contract", "contrabt")).expect("JSON");
    let refused = changed.check(&keys).expect_err("it was changed");
    assert!(refused.to_string().contains("signature"), "{refused}");
    let forged = report.sign(&stranger).expect("signed").check(&keys).expect_err("nobody knows that key");
    assert!(matches!(forged, TenantErasureError::Report(_)), "{forged}");
}
