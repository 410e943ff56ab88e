//! What the other files show, they show for the role that applications connect as.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::support::{World, application_role, texts};

#[tokio::test]
async fn tenants_connections_are_the_application_role() {
    let world = World::new().await;
    let statement = Statement::from_string(DbBackend::Postgres, "SELECT CURRENT_USER::text");
    let row = world.acme.db.query_one_raw(statement).await.expect("an answer").expect("a row");
    assert_eq!(row.try_get_by_index::<String>(0).expect("a name"), application_role());
}

#[tokio::test]
async fn the_second_wall_is_tested_as_the_application_role() {
    let world = World::new().await;
    let plain = world.database.plain(&application_role()).await.expect("a connection");
    assert_eq!(texts(&plain, "SELECT current_user::text").await, [application_role()]);
    let exempt =
        texts(&plain, "SELECT rolname::text FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)")
            .await;
    assert_eq!(exempt, Vec::<String>::new());
}

/// Without walls the same questions do reach the other organisation: the other files' tests can fail.
#[tokio::test]
async fn without_walls_the_other_is_reached() {
    use entities::molecule;
    use sea_orm::{EntityTrait, PaginatorTrait};

    let world = World::new().await;
    assert!(molecule::Entity::find_by_id(world.beta.only).one(&world.admin).await.expect("an answer").is_some());
    assert_eq!(molecule::Entity::find().count(&world.admin).await.expect("a count"), 6);
    assert_eq!(molecule::Entity::delete_many().exec(&world.admin).await.expect("a delete").rows_affected, 6);
}
