//! Attempts to read.

use entities::{docking_job, molecule};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QuerySelect, RelationTrait};

use super::outcome::{Attempt, Barrier, Outcome};
use super::scene::Scene;

pub(super) async fn all(scene: &Scene) -> Vec<Attempt> {
    let db = &scene.attacker.db;
    let by_id = molecule::Entity::find_by_id(scene.prey.id).one(db).await.map(|found| u64::from(found.is_some()));
    let by_tenant =
        molecule::Entity::find().filter(molecule::COLUMN.organization_id.eq(scene.victim.id)).count(db).await;
    let foreign =
        molecule::Entity::find().filter(molecule::COLUMN.organization_id.ne(scene.attacker.id)).count(db).await;
    let joined = docking_job::Entity::find()
        .join(JoinType::RightJoin, docking_job::Relation::Molecule.def())
        .filter(molecule::Column::Id.eq(scene.prey.id))
        .count(db)
        .await;
    vec![
        Attempt::new("Read a row", "find_by_id(its id)", Outcome::of_count(by_id, 0, Barrier::Filter)),
        Attempt::new(
            "Read all rows",
            "filter(organization_id = theirs)",
            Outcome::of_count(by_tenant, 0, Barrier::Filter),
        ),
        Attempt::new(
            "Count rows",
            "filter(organization_id <> ours).count()",
            Outcome::of_count(foreign, 0, Barrier::Filter),
        ),
        Attempt::new(
            "Read through a join",
            "docking_jobs RIGHT JOIN molecules",
            Outcome::of_count(joined, 0, Barrier::Filter),
        ),
    ]
}
