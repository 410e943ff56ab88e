//! Whatever a tenant writes, the other's rows stay to the letter what they were: behind both walls, and behind each
//! alone.

use entities::{docking_job, molecule};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter,
    Statement,
};
use tenant_core::ScopeError;
use tenant_core::TenantError;

use crate::support::{BOTH_HAVE, World, a_molecule};

#[tokio::test]
async fn an_update_of_everything_changes_ones_own() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    for db in world.behind_each_wall(&world.acme).await {
        let changed = molecule::Entity::update_many()
            .col_expr(molecule::Column::Name, Expr::value("renamed"))
            .exec(&db)
            .await
            .expect("an update");
        assert_eq!(changed.rows_affected, 3, "{db}");
        assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
    }
}

#[tokio::test]
async fn an_update_by_the_others_id_changes_nothing() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    for db in world.behind_each_wall(&world.acme).await {
        let changed = molecule::Entity::update_many()
            .col_expr(molecule::Column::Name, Expr::value("renamed"))
            .filter(molecule::Column::Id.eq(world.beta.only))
            .exec(&db)
            .await
            .expect("an update");
        assert_eq!(changed.rows_affected, 0, "{db}");
        let raw = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "UPDATE molecules SET name = 'renamed' WHERE organization_id = $1 OR id = $2",
            [world.beta.id.into(), world.beta.only.into()],
        );
        assert_eq!(db.execute_raw(raw).await.expect("an update").rows_affected(), 0, "{db}");
        assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
    }
}

#[tokio::test]
async fn a_delete_reaches_ones_own() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    for db in world.behind_each_wall(&world.acme).await {
        let deleted = molecule::Entity::delete_by_id(world.beta.only).exec(&db).await.expect("a delete");
        assert_eq!(deleted.rows_affected, 0, "{db}");
        let joined = Statement::from_string(
            DbBackend::Postgres,
            "DELETE FROM docking_jobs j USING molecules m WHERE m.id = j.molecule_id AND m.name LIKE 'secret of 2'",
        );
        assert_eq!(db.execute_raw(joined).await.expect("a delete").rows_affected(), 0, "{db}");
        assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
    }
    let everything = docking_job::Entity::delete_many().exec(&world.acme.db).await.expect("a delete");
    assert_eq!(everything.rows_affected, 2);
    assert_eq!(world.rows_of(&world.beta).await, before);
}

#[tokio::test]
async fn an_insert_gets_its_tenant_by_itself() {
    let world = World::new().await;
    let one = a_molecule(500).insert(&world.acme.db).await.expect("an insert");
    assert_eq!(one.organization_id, world.acme.id);
    // A mixed insert binds NULL where a model has no tenant set.
    let mixed = [a_molecule(501), molecule::ActiveModel { organization_id: Set(world.acme.id), ..a_molecule(502) }];
    molecule::Entity::insert_many(mixed).exec(&world.acme.db).await.expect("an insert of several");
    let mine =
        molecule::Entity::find().filter(molecule::COLUMN.name.eq("new")).all(&world.acme.db).await.expect("an answer");
    assert_eq!(mine.len(), 3);
}

#[tokio::test]
async fn an_insert_for_the_other_is_refused_and_nothing_arrives() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    for db in world.behind_each_wall(&world.acme).await {
        let planted = molecule::ActiveModel { organization_id: Set(world.beta.id), ..a_molecule(600) };
        let failure = planted.insert(&db).await.expect_err("a foreign row");
        if db.has_filter() {
            let refusal = TenantError::of(&failure);
            assert!(
                matches!(refusal, Some(TenantError::Refused(ScopeError::TenantMismatch { .. }))),
                "{db}: {failure}"
            );
        } else {
            assert!(failure.to_string().contains("row-level security"), "{db}: {failure}");
        }
        assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
    }
}

#[tokio::test]
async fn a_row_cannot_be_moved_to_the_other() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    let mine = molecule::Entity::find_by_id(BOTH_HAVE).one(&world.acme.db).await.expect("an answer").expect("mine");
    for db in world.behind_each_wall(&world.acme).await {
        let moved = molecule::ActiveModel { organization_id: Set(world.beta.id), ..mine.clone().into_active_model() };
        let failure = moved.update(&db).await.expect_err("a moved row");
        if db.has_filter() {
            let refusal = TenantError::of(&failure);
            assert!(
                matches!(refusal, Some(TenantError::Refused(ScopeError::TenantMismatch { .. }))),
                "{db}: {failure}"
            );
        } else {
            assert!(failure.to_string().contains("row-level security"), "{db}: {failure}");
        }
        assert_eq!(world.rows_of(&world.beta).await, before, "{db}");
    }
}

#[tokio::test]
async fn a_model_saves_and_deletes_itself_among_its_own() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    let mut mine = molecule::Entity::find_by_id(BOTH_HAVE)
        .one(&world.acme.db)
        .await
        .expect("an answer")
        .expect("mine")
        .into_active_model();
    mine.name = Set("renamed".to_owned());
    let mine = mine.update(&world.acme.db).await.expect("an update");
    assert_eq!((mine.name.as_str(), mine.organization_id), ("renamed", world.acme.id));
    assert_eq!(mine.delete(&world.acme.db).await.expect("a delete").rows_affected, 1);
    assert_eq!(world.rows_of(&world.beta).await, before);
}
