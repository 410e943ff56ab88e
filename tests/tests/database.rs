//! A database of a test's own, and what is in it.

use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use url::Url;

/// A database of one test.
pub(crate) struct Database(Url);

/// A new, empty database, and a superuser's connection to it.
pub(crate) async fn empty_database() -> (DatabaseConnection, Database) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut url = Url::parse(&std::env::var("DATABASE_URL").expect("DATABASE_URL names a superuser")).expect("a URL");
    let server = sea_orm::Database::connect(url.as_str()).await.expect("the server answers");
    server.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a superuser may");
    server.close().await.expect("closes");
    url.set_path(&name);
    (sea_orm::Database::connect(url.as_str()).await.expect("the database answers"), Database(url))
}

pub(crate) async fn connect_as(role: &str, database: &Database) -> DatabaseConnection {
    let mut url = database.0.clone();
    url.set_username(role).expect("a URL with a host");
    sea_orm::Database::connect(url.as_str()).await.expect("the role may log in")
}

/// The first column of every row, as text.
pub(crate) async fn texts(db: &impl ConnectionTrait, sql: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect(sql);
    rows.iter().map(|row| row.try_get_by_index(0).expect("a text")).collect()
}
