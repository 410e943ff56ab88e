//! Attempts to write.

use entities::{docking_job, molecule};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;

use super::outcome::{Attempt, Barrier, Outcome};
use super::scene::Scene;

pub(super) async fn all(scene: &Scene) -> Vec<Attempt> {
    let db = &scene.attacker.db;
    let updated = molecule::Entity::update_many()
        .col_expr(molecule::Column::Name, Expr::value("taken over"))
        .filter(molecule::Column::Id.eq(scene.prey.id))
        .exec(db)
        .await
        .map(|result| result.rows_affected);
    let deleted = molecule::Entity::delete_by_id(scene.prey.id).exec(db).await.map(|result| result.rows_affected);
    let planted = molecule::ActiveModel { organization_id: Set(scene.victim.id), ..a_molecule(Uuid::now_v7()) };
    let moved =
        molecule::ActiveModel { organization_id: Set(scene.victim.id), ..scene.own.clone().into_active_model() };
    let job = docking_job::ActiveModel {
        id: Set(Uuid::now_v7()),
        molecule_id: Set(Some(scene.prey.id)),
        target_code: Set("CDK2".to_owned()),
        status: Set(docking_job::Status::Pending),
        ..Default::default()
    };
    vec![
        Attempt::new("Change a row", "update_many where id = its id", Outcome::of_count(updated, 0, Barrier::Filter)),
        Attempt::new("Delete a row", "delete_by_id(its id)", Outcome::of_count(deleted, 0, Barrier::Filter)),
        Attempt::new(
            "Plant a row",
            "insert with organization_id = theirs",
            Outcome::of_refusal(planted.insert(db).await),
        ),
        Attempt::new(
            "Move a row over",
            "update set organization_id = theirs",
            Outcome::of_refusal(moved.update(db).await),
        ),
        Attempt::new("Overwrite by upsert", "insert with their id, on conflict update", upsert(scene).await),
        Attempt::new("Refer to a row", "a job on their molecule", Outcome::of_refusal(job.insert(db).await)),
    ]
}

fn a_molecule(id: Uuid) -> molecule::ActiveModel {
    molecule::ActiveModel {
        id: Set(id),
        external_ref: Set(format!("ATTEMPT-{id}")),
        name: Set("planted".to_owned()),
        molecule_type: Set("Small molecule".to_owned()),
        ..Default::default()
    }
}

/// Ids are unique within an organisation only, so the upsert makes a row of the attacker's own; the victim's must stay.
async fn upsert(scene: &Scene) -> Outcome {
    let attempt = async {
        molecule::Entity::insert(a_molecule(scene.prey.id))
            .on_conflict(OnConflict::column(molecule::Column::Id).update_column(molecule::Column::Name).to_owned())
            .exec_without_returning(&scene.attacker.db)
            .await?;
        let theirs = molecule::Entity::find_by_id(scene.prey.id).one(&scene.victim.db).await?;
        molecule::Entity::delete_by_id(scene.prey.id).exec(&scene.attacker.db).await?;
        Ok::<_, DbErr>(theirs)
    };
    match attempt.await {
        Ok(Some(theirs)) if theirs == scene.prey => Outcome::stopped(
            Barrier::Constraint,
            "a row of our own was made beside theirs: the key is (organization, id)",
        ),
        Ok(theirs) => Outcome::Crossed(format!("their row is now {theirs:?}")),
        Err(failure) => Outcome::Unclear(failure.to_string()),
    }
}
