//! Servers of one process know nothing of each other.

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tenant_testkit::Cluster;

#[tokio::test]
async fn two_clusters_share_neither_databases_nor_roles_nor_settings() {
    let (one, other) = tokio::join!(
        Cluster::builder().setting("wal_level", "logical").start(),
        Cluster::builder().max_connections(20).tcp().start(),
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    let (on_one, on_other) = (one.empty_database().await.unwrap(), other.empty_database().await.unwrap());
    let (db_one, db_other) = (on_one.admin().await.unwrap(), on_other.admin().await.unwrap());

    assert_eq!(text(&db_one, "SELECT current_setting('wal_level')").await, "logical");
    assert_eq!(text(&db_other, "SELECT current_setting('wal_level')").await, "replica");
    assert_eq!(text(&db_other, "SELECT current_setting('max_connections')").await, "20");

    db_one.execute_unprepared("CREATE ROLE only_here LOGIN").await.unwrap();
    let roles = "SELECT count(*)::text FROM pg_roles WHERE rolname = 'only_here'";
    assert_eq!(text(&db_one, roles).await, "1");
    assert_eq!(text(&db_other, roles).await, "0");
}

#[tokio::test]
async fn over_tcp_every_role_but_the_superuser_gets_in() {
    let cluster = Cluster::builder().tcp().start().await.unwrap();
    let database = cluster.empty_database().await.unwrap();
    database.admin().await.unwrap().execute_unprepared("CREATE ROLE somebody LOGIN").await.unwrap();

    let url = cluster.tcp_url("somebody", database.name()).unwrap();
    let db = sea_orm::Database::connect(url).await.unwrap();
    assert_eq!(text(&db, "SELECT current_user::text").await, "somebody");

    let url = cluster.tcp_url("postgres", database.name()).unwrap();
    let refused = sea_orm::Database::connect(url).await.unwrap_err();
    assert!(refused.to_string().contains("pg_hba.conf rejects connection"), "{refused}");
}

async fn text(db: &DatabaseConnection, sql: &str) -> String {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
