//! An upsert decides by one's own rows, and changes only them: behind both walls, and behind each alone.

use entities::molecule;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, QueryFilter, TryInsertResult};
use tenant_core::TenantId;
use uuid::Uuid;

use crate::support::{BOTH_HAVE, World};

fn a_molecule(id: Uuid, external_ref: &str, tenant: Option<TenantId>) -> molecule::ActiveModel {
    molecule::ActiveModel {
        id: Set(id),
        organization_id: tenant.map_or(sea_orm::ActiveValue::NotSet, Set),
        external_ref: Set(external_ref.to_owned()),
        name: Set("upserted".to_owned()),
        molecule_type: Set("Small molecule".to_owned()),
        ..Default::default()
    }
}

#[tokio::test]
async fn by_the_primary_key() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    for db in world.behind_each_wall(&world.acme).await {
        for (id, external_ref) in [(BOTH_HAVE, "REF-aspirin"), (world.beta.only, "REF-upserted")] {
            let outcome = molecule::Entity::insert(a_molecule(id, external_ref, None))
                .on_conflict(OnConflict::column(molecule::Column::Id).update_column(molecule::Column::Name).to_owned())
                .exec_without_returning(&db)
                .await;
            // Without the filter there is no constraint on `id` alone, and no tenant in the row: it fails.
            assert_eq!(outcome.is_ok(), db.has_filter(), "{db}: {outcome:?}");
            assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
        }
    }
    let mine = molecule::Entity::find().filter(molecule::COLUMN.name.eq("upserted")).all(&world.acme.db).await;
    assert_eq!(mine.expect("an answer").len(), 2, "one row updated, one made beside the other's of the same id");
}

#[tokio::test]
async fn by_a_unique_column() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    for db in world.behind_each_wall(&world.acme).await {
        let outcome = molecule::Entity::insert(a_molecule(Uuid::from_u128(700), "REF-secret", None))
            .on_conflict(
                OnConflict::column(molecule::Column::ExternalRef).update_column(molecule::Column::Name).to_owned(),
            )
            .exec_without_returning(&db)
            .await;
        assert_eq!(outcome.is_ok(), db.has_filter(), "{db}: {outcome:?}");
        assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
    }
    let mine =
        molecule::Entity::find_by_id(world.acme.only).one(&world.acme.db).await.expect("an answer").expect("mine");
    assert_eq!(mine.name, "upserted");
}

#[tokio::test]
async fn in_the_others_name_is_refused() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    for db in world.behind_each_wall(&world.acme).await {
        molecule::Entity::insert(a_molecule(BOTH_HAVE, "REF-aspirin", Some(world.beta.id)))
            .on_conflict(
                OnConflict::columns([molecule::Column::OrganizationId, molecule::Column::Id])
                    .update_column(molecule::Column::Name)
                    .to_owned(),
            )
            .exec_without_returning(&db)
            .await
            .expect_err("a foreign row");
        assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
    }
}

#[tokio::test]
async fn doing_nothing_on_conflict_does_nothing_to_the_other() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    for db in world.behind_each_wall(&world.acme).await {
        let tenant = Some(world.acme.id);
        let inserted = molecule::Entity::insert(a_molecule(BOTH_HAVE, "REF-aspirin", tenant))
            .on_conflict_do_nothing()
            .exec_without_returning(&db)
            .await;
        // SeaORM names `id` as the conflict's target, and only the filter makes that a constraint of the table.
        let conflicted = matches!(inserted, Ok(TryInsertResult::Conflicted | TryInsertResult::Inserted(0)));
        assert_eq!(conflicted, db.has_filter(), "{db}: {inserted:?}");
        assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
    }
}
