//! Every test has a database of its own, made quickly from one that was migrated once.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, Statement};
use tenant_testkit::{Cluster, DatabaseError, Template};

/// One that every test of this file shares.
async fn template() -> Template {
    let cluster = Cluster::shared().await.unwrap();
    cluster.template("clones_are_separate", migrate).await.unwrap()
}

async fn migrate(url: String) -> Result<(), DbErr> {
    let db = sea_orm::Database::connect(url).await?;
    db.execute_unprepared("CREATE TABLE notes (body text); INSERT INTO notes VALUES ('from the template')").await?;
    // Left open, as a migration that forgets its pool does.
    std::mem::forget(db);
    Ok(())
}

#[tokio::test]
async fn a_clone_has_the_templates_content_and_nobody_elses() {
    let template = template().await;
    let (one, other) = (template.database().await.unwrap(), template.database().await.unwrap());
    let (db_one, db_other) = (one.admin().await.unwrap(), other.admin().await.unwrap());

    db_one.execute_unprepared("INSERT INTO notes VALUES ('mine')").await.unwrap();
    assert_eq!(number(&db_one, "SELECT count(*) FROM notes").await, 2);
    assert_eq!(number(&db_other, "SELECT count(*) FROM notes").await, 1);
}

#[tokio::test]
async fn a_clone_takes_less_than_a_second() {
    let template = template().await;
    let started = Instant::now();
    let _database = template.database().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
}

#[test]
fn concurrent_tests_migrate_once_and_clone_at_the_same_time() {
    static MIGRATIONS: AtomicUsize = AtomicUsize::new(0);
    let test = || async {
        let cluster = Cluster::shared().await.unwrap();
        let migrate = async |url| {
            MIGRATIONS.fetch_add(1, Ordering::SeqCst);
            migrate(url).await
        };
        let template = cluster.template("migrated once", migrate).await.unwrap();
        let clones = join_all((0..4).map(|_| template.database())).await;
        assert!(clones.iter().all(Result::is_ok), "{clones:?}");
    };
    // As `#[tokio::test]` does it: each has its own thread and its own runtime.
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(test()));
        }
    });
    assert_eq!(MIGRATIONS.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_failed_migration_says_so_and_is_tried_again() {
    let cluster = Cluster::shared().await.unwrap();
    let broken =
        async |url| sea_orm::Database::connect(url).await?.execute_unprepared("CREATE nonsense").await.map(|_| ());
    let error = cluster.template("fails once", broken).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Migration { .. }), "{error:?}");
    assert!(error.to_string().contains("`fails once`") && error.to_string().contains("nonsense"), "{error}");

    cluster.template("fails once", migrate).await.unwrap();
}

#[tokio::test]
async fn a_clone_has_the_templates_owner_privileges_and_settings() {
    let cluster = Cluster::builder().start().await.unwrap();
    let migrate = async |url: String| {
        let db = sea_orm::Database::connect(url).await?;
        db.execute_unprepared(
            "CREATE ROLE \"Owner\"; CREATE ROLE app LOGIN;
             DO $$ BEGIN
                 EXECUTE format('ALTER DATABASE %I OWNER TO \"Owner\"', current_database());
                 EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
                 EXECUTE format('GRANT CONNECT ON DATABASE %I TO app WITH GRANT OPTION', current_database());
                 EXECUTE format('ALTER DATABASE %I SET search_path = a, \"B c\"', current_database());
                 EXECUTE format('ALTER ROLE app IN DATABASE %I SET statement_timeout = 1234', current_database());
             END $$",
        )
        .await
        .map(|_| ())
    };
    let template = cluster.template("properties", migrate).await.unwrap();
    let database = template.database().await.unwrap();

    let admin = database.admin().await.unwrap();
    let owner = "SELECT count(*) FROM pg_database WHERE datname = current_database() AND datdba = '\"Owner\"'::regrole";
    assert_eq!(number(&admin, owner).await, 1);
    let same = "SELECT count(*) FROM pg_database a JOIN pg_database b ON a.datacl = b.datacl AND a.oid <> b.oid \
                WHERE a.datname = current_database()";
    assert_eq!(number(&admin, same).await, 1);

    let app = database.plain("app").await.unwrap();
    assert_eq!(text(&app, "SELECT current_user::text").await, "app");
    assert_eq!(text(&app, "SHOW search_path").await, "a, \"B c\"");
    assert_eq!(text(&app, "SHOW statement_timeout").await, "1234ms");
    app.execute_unprepared("CREATE TEMPORARY TABLE refused (id int)").await.unwrap_err();
}

#[tokio::test]
async fn a_dropped_database_is_gone_with_its_connections() {
    let cluster = Cluster::shared().await.unwrap();
    let database = template().await.database().await.unwrap();
    let name = database.name().to_owned();
    let _open = database.admin().await.unwrap();
    drop(database);

    let admin = cluster.empty_database().await.unwrap();
    let left = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(number(&admin.admin().await.unwrap(), &left).await, 0);
}

async fn number(db: &DatabaseConnection, sql: &str) -> i64 {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn text(db: &DatabaseConnection, sql: &str) -> String {
    let row = db.query_one_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
