//! Whatever a tenant reads, it reads its own rows: behind both walls, and behind each alone.

use entities::molecule;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder, Statement,
};

use crate::support::{BOTH_HAVE, World};

#[tokio::test]
async fn an_id_that_only_the_other_has_is_not_found() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let found = molecule::Entity::find_by_id(world.beta.only).one(&db).await.expect("an answer");
        assert_eq!(found, None, "{db}");
    }
}

#[tokio::test]
async fn an_id_that_both_have_is_ones_own() {
    let world = World::new().await;
    for organization in [&world.acme, &world.beta] {
        for db in world.behind_each_wall(organization).await {
            let found =
                molecule::Entity::find_by_id(BOTH_HAVE).one(&db).await.expect("an answer").expect("it is there");
            assert_eq!(found.organization_id, organization.id, "{db}");
        }
    }
}

#[tokio::test]
async fn everything_is_everything_of_ones_own() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let all = molecule::Entity::find().order_by_asc(molecule::Column::Id).all(&db).await.expect("an answer");
        assert_eq!(all.len(), 3, "{db}");
        assert!(all.iter().all(|molecule| molecule.organization_id == world.acme.id), "{db}");
        assert_eq!(molecule::Entity::find().count(&db).await.expect("a count"), 3, "{db}");
    }
}

#[tokio::test]
async fn asking_for_the_other_by_name_finds_nothing() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        let theirs = molecule::Entity::find()
            .filter(molecule::COLUMN.organization_id.eq(world.beta.id))
            .all(&db)
            .await
            .expect("an answer");
        assert!(theirs.is_empty(), "{db}: {theirs:?}");
        let anyones = molecule::Entity::find()
            .filter(molecule::COLUMN.name.contains("secret").or(molecule::COLUMN.organization_id.eq(world.beta.id)))
            .all(&db)
            .await
            .expect("an answer");
        assert_eq!(anyones.len(), 1, "{db}: its own secret, whatever the OR says");
    }
}

#[tokio::test]
async fn raw_sql_reads_ones_own() {
    let world = World::new().await;
    for db in world.behind_each_wall(&world.acme).await {
        for sql in [
            "SELECT name FROM molecules",
            "SELECT name FROM public.molecules AS m WHERE TRUE OR m.id IS NOT NULL",
            "SELECT m.name FROM molecules m -- WHERE organization_id = 'x'",
            "select NAME from \"molecules\"",
        ] {
            let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect(sql);
            let names: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).expect("a name")).collect();
            assert_eq!(names.len(), 3, "{db}: {sql}");
            assert!(names.iter().all(|name| name.ends_with("of 1")), "{db}: {sql}: {names:?}");
        }
    }
}

#[tokio::test]
async fn pages_and_streams_hold_ones_own() {
    use futures_util::TryStreamExt;

    let world = World::new().await;
    let pages = molecule::Entity::find().order_by_asc(molecule::Column::Id).paginate(&world.acme.db, 2);
    assert_eq!(pages.num_items().await.expect("a count"), 3);
    assert_eq!(pages.fetch_page(1).await.expect("a page").len(), 1);
    let streamed: Vec<molecule::Model> =
        molecule::Entity::find().stream(&world.acme.db).await.expect("a stream").try_collect().await.expect("rows");
    assert_eq!(streamed.len(), 3);
    assert!(streamed.iter().all(|molecule| molecule.organization_id == world.acme.id));
}
