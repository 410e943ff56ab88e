//! A row can refer only to rows of its own organisation, whoever writes it: even a superuser's statement is stopped.

use entities::{docking_job, molecule, pipeline};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, EntityTrait, SqlErr};
use uuid::Uuid;

use crate::support::{JOB, World, execute, texts};

#[tokio::test]
async fn a_reference_to_the_others_row_is_a_violation() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let job = docking_job::ActiveModel {
            id: Set(Uuid::from_u128(800)),
            organization_id: Set(world.acme.id),
            molecule_id: Set(Some(world.beta.only)),
            target_code: Set("CDK2".to_owned()),
            status: Set(docking_job::Status::Pending),
            ..Default::default()
        };
        let failure = job.insert(&db).await.expect_err("a foreign reference");
        assert!(matches!(failure.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{db}: {failure}");
    }
}

#[tokio::test]
async fn every_foreign_key_between_scoped_tables_pairs_the_tenant() {
    let world = World::new().await;
    let keys = texts(
        &world.admin,
        "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1",
    )
    .await;
    assert!(keys.len() >= 6, "{keys:#?}");
    for key in keys.iter().filter(|key| !key.contains("REFERENCES targets")) {
        assert!(key.contains("FOREIGN KEY (organization_id"), "{key}");
    }
}

#[tokio::test]
async fn deleting_the_referred_row_touches_ones_own_and_keeps_the_tenant() {
    let world = World::new().await;
    let before = world.rows_of(&world.beta).await;
    molecule::Entity::delete_by_id(world.acme.only).exec(&world.acme.db).await.expect("a delete");
    let orphan = docking_job::Entity::find_by_id(Uuid::from_u128(12)).one(&world.acme.db).await.expect("an answer");
    let orphan = orphan.expect("the job is kept");
    assert_eq!((orphan.molecule_id, orphan.organization_id), (None, world.acme.id));
    docking_job::Entity::delete_by_id(JOB).exec(&world.acme.db).await.expect("a delete");
    pipeline::Entity::delete_many().exec(&world.acme.db).await.expect("a delete");
    assert_eq!(world.rows_of(&world.beta).await, before);
    let results = texts(
        &world.admin,
        &format!("SELECT count(*)::text FROM job_results WHERE organization_id = '{}'", world.acme.id),
    )
    .await;
    assert_eq!(results, ["0"], "the results went with their job");
}

#[tokio::test]
async fn a_superuser_cannot_pair_rows_of_two_organizations() {
    use sea_orm::ConnectionTrait;

    let world = World::new().await;
    let sql = format!(
        "UPDATE docking_jobs SET molecule_id = '{}' WHERE organization_id = '{}'",
        world.beta.only, world.acme.id
    );
    let failure = world.admin.execute_unprepared(&sql).await.expect_err("a crossing reference");
    assert!(matches!(failure.sql_err(), Some(SqlErr::ForeignKeyConstraintViolation(_))), "{failure}");
    execute(&world.admin, "SELECT 1").await;
}
