//! A throw-away PgBouncer lets every role but the superuser into every database, and shares the server's connections.

use std::{net::TcpListener, str::FromStr};

use sea_orm::ConnectionTrait;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, postgres::PgConnectOptions};
use tenant_testkit::{Cluster, PgBouncer, PgBouncerError, PoolMode, Proxy};

use crate::support::{ROLE, bouncer, own_database, own_server};

#[tokio::test]
async fn any_role_reaches_any_database() {
    let bouncer = bouncer(PgBouncer::builder(own_server().await)).await;
    for _ in 0..2 {
        let database = own_database().await;
        let mut connection = connect(&bouncer.url(ROLE, database.name())).await.unwrap();
        let row = sqlx::raw_sql("SELECT current_user::text, current_database()::text");
        let row = row.fetch_one(&mut connection).await.unwrap();
        assert_eq!((row.get::<&str, _>(0), row.get::<&str, _>(1)), (ROLE, database.name()));
    }
    let database = own_database().await;
    database.admin().await.unwrap().execute_unprepared("CREATE ROLE made_later LOGIN").await.unwrap();
    let mut connection = connect(&bouncer.url("made_later", database.name())).await.unwrap();
    assert_eq!(text(&mut connection, "SELECT current_user").await, "made_later");
}

#[tokio::test]
async fn the_superuser_and_unknown_roles_are_refused() {
    let bouncer = bouncer(PgBouncer::builder(own_server().await)).await;
    let database = own_database().await;
    for role in ["postgres", "no_such_role"] {
        let error = connect(&bouncer.url(role, database.name())).await.unwrap_err();
        assert!(matches!(error, sqlx::Error::Database(_)), "{role}: {error:?}");
    }
}

#[tokio::test]
async fn in_transaction_mode_a_session_setting_reaches_the_next_client() {
    let builder = PgBouncer::builder(own_server().await).pool_mode(PoolMode::Transaction).pool_size(1);
    let bouncer = bouncer(builder).await;
    let database = own_database().await;
    let url = bouncer.url(ROLE, database.name());
    let (mut one, mut other) = (connect(&url).await.unwrap(), connect(&url).await.unwrap());

    let backend = "SELECT pg_backend_pid()::text";
    assert_eq!(text(&mut one, backend).await, text(&mut other, backend).await);
    text(&mut one, "SELECT set_config('app.secret', 'of one', false)").await;
    assert_eq!(text(&mut other, "SELECT current_setting('app.secret')").await, "of one");
}

#[tokio::test]
async fn in_session_mode_clients_are_apart_and_the_next_one_finds_nothing() {
    let builder = PgBouncer::builder(own_server().await).pool_mode(PoolMode::Session).pool_size(2);
    let bouncer = bouncer(builder).await;
    let database = own_database().await;
    let url = bouncer.url(ROLE, database.name());
    let (mut one, mut other) = (connect(&url).await.unwrap(), connect(&url).await.unwrap());

    let backend = "SELECT pg_backend_pid()::text";
    let of_one = text(&mut one, backend).await;
    assert_ne!(text(&mut other, backend).await, of_one);
    text(&mut one, "SELECT set_config('app.secret', 'of one', false)").await;
    one.close().await.unwrap();
    let mut next = connect(&url).await.unwrap();
    assert_eq!(text(&mut next, backend).await, of_one);
    assert_eq!(text(&mut next, "SELECT coalesce(current_setting('app.secret', true), '')").await, "");
}

#[tokio::test]
async fn a_start_up_parameter_it_does_not_know_is_refused_unless_told_to_ignore_it() {
    let database = own_database().await;
    let strict = bouncer(PgBouncer::builder(own_server().await)).await;
    let error = PgConnection::connect(&strict.url(ROLE, database.name())).await.unwrap_err();
    assert!(error.to_string().contains("extra_float_digits"), "{error}");

    let ignoring = PgBouncer::builder(own_server().await).setting("ignore_startup_parameters", "extra_float_digits");
    let ignoring = bouncer(ignoring).await;
    PgConnection::connect(&ignoring.url(ROLE, database.name())).await.unwrap();
}

#[tokio::test]
async fn a_proxy_stands_in_front_of_it() {
    let bouncer = bouncer(PgBouncer::builder(own_server().await).pool_mode(PoolMode::Transaction)).await;
    let database = own_database().await;
    let proxy = Proxy::start(&bouncer).unwrap();
    let mut connection = connect(&proxy.url(ROLE, database.name())).await.unwrap();
    let before = proxy.round_trips();
    text(&mut connection, "SELECT 'one'").await;
    assert_eq!(proxy.round_trips() - before, 1);
}

#[tokio::test]
async fn what_is_wrong_is_in_the_error() {
    let server = own_server().await;
    let error = PgBouncer::builder(server).setting("pool_mode", "sometimes").start().await.unwrap_err();
    assert!(matches!(&error, PgBouncerError::Ended { log } if log.contains("pool_mode")), "{error}");

    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let error = PgBouncer::builder(server).setting("listen_port", port).start().await.unwrap_err();
    assert!(matches!(&error, PgBouncerError::Ended { log } if log.contains("Address already in use")), "{error}");

    let error = PgBouncer::builder(server).program("/nowhere/pgbouncer").start().await.unwrap_err();
    assert!(matches!(error, PgBouncerError::NotFound { .. }), "{error:?}");
    for part in ["/nowhere/pgbouncer", "apt-get install pgbouncer", "dnf", "brew", "TENANT_PGBOUNCER"] {
        assert!(error.to_string().contains(part), "no {part} in: {error}");
    }

    let given = Cluster::connect(&server.superuser_url("postgres")).await.unwrap();
    let error = PgBouncer::builder(&given).start().await.unwrap_err();
    assert!(matches!(error, PgBouncerError::NotThrowAway), "{error:?}");
    assert!(error.to_string().contains("Cluster::builder()"), "{error}");
}

/// Without the parameter that a PgBouncer as it comes refuses.
async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect_with(&PgConnectOptions::from_str(url)?.extra_float_digits(None)).await
}

async fn text(connection: &mut PgConnection, sql: &str) -> String {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(connection).await.unwrap().get(0)
}
