//! A join reaches only one's own rows on either side: behind both walls, and behind each alone.

use entities::{docking_job, job_result, molecule};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait, Statement,
};

use crate::support::{JOB, World};

#[tokio::test]
async fn related_rows_are_ones_own() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let pairs = docking_job::Entity::find()
            .find_also_related(molecule::Entity)
            .order_by_asc(docking_job::Column::Id)
            .all(&db)
            .await
            .expect("an answer");
        assert_eq!(pairs.len(), 2, "{db}: the ids are the same in both organisations, the rows must not be paired");
        for (job, molecule) in pairs {
            assert_eq!(job.organization_id, world.acme.id, "{db}");
            assert_eq!(molecule.expect("its molecule").organization_id, world.acme.id, "{db}");
        }
    }
}

#[tokio::test]
async fn one_to_many_collects_ones_own() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let groups = molecule::Entity::find()
            .find_with_related(docking_job::Entity)
            .order_by_asc(molecule::Column::Id)
            .all(&db)
            .await
            .expect("an answer");
        let jobs: Vec<usize> = groups.iter().map(|(_, jobs)| jobs.len()).collect();
        assert_eq!(jobs, [1, 0, 1], "{db}");
    }
}

#[tokio::test]
async fn an_outer_join_keeps_its_unmatched_rows() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let rows = docking_job::Entity::find()
            .join(JoinType::LeftJoin, docking_job::Relation::JobResult.def())
            .select_only()
            .column(docking_job::Column::Id)
            .column(job_result::Column::Atoms)
            .order_by_asc(docking_job::Column::Id)
            .into_tuple::<(uuid::Uuid, Option<i32>)>()
            .all(&db)
            .await
            .expect("an answer");
        assert_eq!(rows, [(JOB, Some(30)), (uuid::Uuid::from_u128(12), None)], "{db}");
    }
}

#[tokio::test]
async fn a_join_without_a_condition_multiplies_only_ones_own() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        for (sql, rows) in [
            ("SELECT count(*) FROM molecules a CROSS JOIN molecules b", 9),
            ("SELECT count(*) FROM molecules a, docking_jobs b", 6),
            ("SELECT count(*) FROM molecules a JOIN docking_jobs b ON TRUE", 6),
            ("SELECT count(*) FROM molecules a LEFT JOIN docking_jobs b ON b.molecule_id = a.id", 3),
            ("SELECT count(*) FROM docking_jobs b RIGHT JOIN molecules a ON b.molecule_id = a.id", 3),
            ("SELECT count(*) FROM targets t LEFT JOIN docking_jobs b ON b.target_code = t.code", 2),
            (
                "SELECT count(*) FROM targets t JOIN docking_jobs b ON b.target_code = t.code JOIN job_results r ON r.job_id = b.id",
                1,
            ),
        ] {
            let row =
                db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect(sql).expect("a row");
            assert_eq!(row.try_get_by_index::<i64>(0).expect("a count"), rows, "{db}: {sql}");
        }
    }
}

#[tokio::test]
async fn a_subquery_sees_ones_own() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let jobs = docking_job::Entity::find()
            .filter(
                docking_job::Column::MoleculeId.in_subquery(
                    QuerySelect::query(
                        &mut molecule::Entity::find()
                            .select_only()
                            .column(molecule::Column::Id)
                            .filter(molecule::COLUMN.organization_id.eq(world.beta.id)),
                    )
                    .to_owned(),
                ),
            )
            .all(&db)
            .await
            .expect("an answer");
        assert!(jobs.is_empty(), "{db}: {jobs:?}");
    }
}
