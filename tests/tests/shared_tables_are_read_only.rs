//! A shared table's rows are the same for every tenant, and none can change them: each wall refuses it.

use entities::target;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait};
use tenant_core::ScopeError;
use tenant_core::TenantError;

use crate::support::World;

#[tokio::test]
async fn all_read_the_same_rows() {
    let world = World::new().await;
    for organization in [&world.acme, &world.beta] {
        for db in world.behind_each_wall(organization).await {
            let targets = target::Entity::find().all(&db).await.expect("an answer");
            assert_eq!(targets.iter().map(|target| target.code.as_str()).collect::<Vec<_>>(), ["CDK2"], "{db}");
        }
    }
}

#[tokio::test]
async fn none_writes_them() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let new = target::ActiveModel { code: Set("EGFR".to_owned()), name: Set("Receptor".to_owned()) };
        let failures = [
            new.insert(&db).await.map(drop).expect_err("an insert"),
            target::Entity::delete_many().exec(&db).await.map(drop).expect_err("a delete"),
        ];
        for failure in failures {
            if db.has_filter() {
                let refusal = TenantError::of(&failure);
                assert!(
                    matches!(refusal, Some(TenantError::Refused(ScopeError::WriteToShared { .. }))),
                    "{db}: {failure}"
                );
            } else {
                assert!(failure.to_string().contains("permission denied"), "{db}: {failure}");
            }
        }
    }
    assert_eq!(target::Entity::find().all(&world.admin).await.expect("an answer").len(), 1);
}
