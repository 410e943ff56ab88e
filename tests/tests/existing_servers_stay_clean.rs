//! On a server that was here before, tests leave only what they must.

use sea_orm::{ConnectionTrait, DbErr, Statement};
use tenant_testkit::{Cluster, Database};

#[tokio::test]
async fn databases_are_dropped_and_old_ones_swept() {
    let server = Cluster::builder().start().await.unwrap();
    let before = server.empty_database().await.unwrap();
    let admin = before.admin().await.unwrap();
    admin.execute_unprepared("CREATE DATABASE tenant_test_400000_1_2").await.unwrap();
    admin.execute_unprepared("CREATE DATABASE tenant_test_of_mine").await.unwrap();

    let cluster = Cluster::connect(&server.superuser_url("postgres")).await.unwrap();
    assert_eq!(cluster.folder(), None);
    let database = cluster.template("t", async |_| Ok::<_, DbErr>(())).await.unwrap().database().await.unwrap();
    assert!(names(&before).await.contains(&database.name().to_owned()));
    let name = database.name().to_owned();
    drop(database);

    let names = names(&before).await;
    assert!(!names.contains(&name) && !names.contains(&"tenant_test_400000_1_2".to_owned()), "{names:?}");
    assert!(names.contains(&"tenant_test_of_mine".to_owned()), "{names:?}");
}

/// As on most servers that others run, where a role without a password can't log in.
#[tokio::test]
async fn roles_of_the_template_can_log_in_where_passwords_are_asked_for() {
    let server = Cluster::builder().start().await.unwrap();
    let on_server = server.empty_database().await.unwrap();
    let admin = on_server.admin().await.unwrap();
    let hba = server.folder().unwrap().join("data/pg_hba.conf");
    for sql in [
        "ALTER ROLE postgres PASSWORD 'it''s secret'",
        "CREATE ROLE stranger LOGIN",
        &format!("COPY (SELECT 'local all all scram-sha-256') TO '{}'", hba.display()),
        "SELECT pg_reload_conf()",
    ] {
        admin.execute_unprepared(sql).await.unwrap();
    }

    let url = server.superuser_url("postgres").replace("postgres@", "postgres:it%27s%20secret@");
    let cluster = Cluster::connect(&url).await.unwrap();
    let migrate = async |url: String| {
        let db = sea_orm::Database::connect(url).await?;
        db.execute_unprepared(
            "CREATE ROLE app LOGIN; CREATE TABLE t (id int); GRANT SELECT ON t TO app;
             CREATE ROLE member LOGIN; GRANT app TO member",
        )
        .await
        .map(|_| ())
    };
    let database = cluster.template("t", migrate).await.unwrap().database().await.unwrap();
    database.plain("app").await.unwrap().execute_unprepared("SELECT * FROM t").await.unwrap();
    database.plain("member").await.unwrap();
    database.plain("stranger").await.unwrap_err();
}

async fn names(database: &Database) -> Vec<String> {
    let admin = database.admin().await.unwrap();
    let sql = Statement::from_string(admin.get_database_backend(), "SELECT datname::text FROM pg_database");
    admin.query_all_raw(sql).await.unwrap().iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
