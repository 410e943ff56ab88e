//! A proxy counts exactly the round trips that clients wait for, and delays each by what was asked.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use sea_orm::ConnectionTrait;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tenant_testkit::{Cluster, Database, Proxy};

use crate::support::{ROLE, own_database, own_server};

#[tokio::test]
async fn each_way_to_execute_has_its_number_of_round_trips() {
    let (proxy, _database, mut connection) = connected().await;

    assert_eq!(round_trips(&proxy, run(&mut connection, "SELECT 1")).await, 1, "a simple query");
    assert_eq!(round_trips(&proxy, run(&mut connection, "SELECT 1; SELECT 2; SELECT 3")).await, 1, "three of them");
    for expected in [2, 1, 1] {
        let prepared = async { sqlx::query("SELECT 1").fetch_one(&mut connection).await.map(drop).unwrap() };
        assert_eq!(round_trips(&proxy, prepared).await, expected, "a prepared statement: made, used, used again");
    }
    assert_eq!(round_trips(&proxy, run(&mut connection, "BEGIN")).await, 1);
    assert_eq!(round_trips(&proxy, run(&mut connection, "COMMIT")).await, 1);
    let failing = async { connection.execute("SELECT nothing").await.map(drop).unwrap_err() };
    assert_eq!(round_trips(&proxy, async { drop(failing.await) }).await, 1, "an error is an answer");
    assert_eq!(round_trips(&proxy, async { connection.close().await.unwrap() }).await, 0, "goodbye");
}

#[tokio::test]
async fn a_statement_in_many_segments_is_one_round_trip() {
    let (proxy, _database, mut connection) = connected().await;
    let long = format!("SELECT length('{}')", "x".repeat(20 << 20));
    for _ in 0..5 {
        assert_eq!(round_trips(&proxy, run(&mut connection, &long)).await, 1, "a long question");
        assert_eq!(round_trips(&proxy, run(&mut connection, "SELECT repeat('x', 20 << 20)")).await, 1, "a long answer");
    }
}

#[tokio::test]
async fn connections_are_counted_and_their_opening_is_no_round_trip() {
    let database = own_database().await;
    let proxy = Proxy::start(&database).unwrap();
    assert_eq!((proxy.connections(), proxy.round_trips()), (0, 0));
    let one = PgConnection::connect(&proxy.url(ROLE, database.name())).await.unwrap();
    let other = PgConnection::connect(&proxy.url(ROLE, database.name())).await.unwrap();
    assert_eq!((proxy.connections(), proxy.round_trips()), (2, 0));
    drop((one, other));
    let refused = PgConnection::connect(&proxy.url("no_such_role", database.name())).await.unwrap_err();
    assert!(refused.to_string().contains("no_such_role"), "{refused}");
    assert_eq!((proxy.connections(), proxy.round_trips()), (3, 0));
}

#[tokio::test]
async fn many_clients_at_once_are_summed_up_exactly() {
    let database = own_database().await;
    let proxy = Proxy::start(&database).unwrap();
    let url = proxy.url(ROLE, database.name());
    let client = async || {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        for _ in 0..100 {
            run(&mut connection, "SELECT 1").await;
        }
    };
    futures_util::future::join_all((0..10).map(|_| client())).await;
    assert_eq!((proxy.connections(), proxy.round_trips()), (10, 1000));
}

#[tokio::test]
async fn sea_orm_goes_through_it_and_a_question_for_encryption_is_answered_no() {
    let database = own_database().await;
    let proxy = Proxy::start(&database).unwrap();
    let url = proxy.url(ROLE, database.name());
    let db = sea_orm::Database::connect(&url).await.unwrap();
    db.execute_unprepared("SELECT 1").await.unwrap();
    let prefer = url.replace("sslmode=disable", "sslmode=prefer");
    run(&mut PgConnection::connect(&prefer).await.unwrap(), "SELECT 1").await;
}

#[tokio::test]
async fn the_superuser_gets_through_to_a_given_server_only() {
    let server = own_server().await;
    let database = own_database().await;
    let proxy = Proxy::start(server).unwrap();
    let refused = PgConnection::connect(&proxy.url("postgres", database.name())).await.unwrap_err();
    assert!(refused.to_string().contains("lets postgres in through its socket only"), "{refused}");

    let given = Cluster::connect(&server.superuser_url("postgres")).await.unwrap();
    let proxy = Proxy::start(&given).unwrap();
    run(&mut PgConnection::connect(&proxy.url("postgres", database.name())).await.unwrap(), "SELECT 1").await;
}

#[tokio::test]
async fn a_given_servers_port_is_proxied_too() {
    let cluster = Cluster::builder().tcp().start().await.unwrap();
    let database = cluster.empty_database().await.unwrap();
    database.admin().await.unwrap().execute_unprepared("CREATE ROLE chief SUPERUSER LOGIN").await.unwrap();
    let given = Cluster::connect(&cluster.tcp_url("chief", "postgres").unwrap()).await.unwrap();
    let proxy = Proxy::start(&given).unwrap();
    let mut connection = PgConnection::connect(&proxy.url("chief", database.name())).await.unwrap();
    assert_eq!(round_trips(&proxy, run(&mut connection, "SELECT 1")).await, 1);
}

#[tokio::test]
async fn statements_written_together_are_one_round_trip() {
    let database = own_database().await;
    let proxy = Proxy::start(&database).unwrap();
    let url: url::Url = proxy.url(ROLE, database.name()).parse().unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
    let parameters = format!("\0\x03\0\0user\0{ROLE}\0database\0{}\0\0", database.name());
    client.write_all(&[&length(&parameters), parameters.as_bytes()].concat()).unwrap();
    read_until_ready(&mut client);

    let query = |sql: &str| [b"Q", length(&format!("{sql}\0")).as_slice(), sql.as_bytes(), b"\0"].concat();
    client.write_all(&[query("BEGIN"), query("SELECT 1"), query("COMMIT")].concat()).unwrap();
    (0..3).for_each(|_| read_until_ready(&mut client));
    assert_eq!(proxy.round_trips(), 1);
    client.write_all(&query("SELECT 1")).unwrap();
    read_until_ready(&mut client);
    assert_eq!(proxy.round_trips(), 2);
}

#[tokio::test]
async fn a_delay_is_at_least_what_was_asked_once_a_round_trip() {
    let (proxy, _database, mut connection) = connected().await;
    for micros in [0, 200, 500, 1_000, 5_000] {
        let delay = Duration::from_micros(micros);
        proxy.delay(delay);
        let mut taken: Vec<Duration> = Vec::new();
        for _ in 0..100 {
            let begun = Instant::now();
            run(&mut connection, "SELECT 1").await;
            taken.push(begun.elapsed());
        }
        taken.sort_unstable();
        let (least, median, most) = (taken[0], taken[50], taken[99]);
        println!("delay {delay:?}: least {least:?}, median {median:?}, most {most:?}");
        assert!(least >= delay, "{least:?} for {delay:?}");
        assert!(median < delay + Duration::from_millis(10), "{median:?} for {delay:?}");
    }
}

#[tokio::test]
async fn pieces_are_delayed_side_by_side() {
    let (proxy, _database, mut connection) = connected().await;
    proxy.delay(Duration::from_millis(50));
    let long = format!("SELECT length('{}')", "x".repeat(3 << 20));
    let begun = Instant::now();
    run(&mut connection, &long).await;
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?} for 48 pieces", begun.elapsed());
}

#[tokio::test]
async fn copying_in_is_counted_with_the_permission_to_send() {
    let (proxy, database, mut connection) = connected().await;
    database
        .admin()
        .await
        .unwrap()
        .execute_unprepared("CREATE TABLE numbers (n int); GRANT ALL ON numbers TO PUBLIC")
        .await
        .unwrap();
    let copy = async {
        let mut copy = connection.copy_in_raw("COPY numbers FROM STDIN").await.unwrap();
        for _ in 0..3 {
            copy.send(b"1\n".repeat(100_000)).await.unwrap();
        }
        copy.finish().await.unwrap();
    };
    assert_eq!(round_trips(&proxy, copy).await, 2);
    let row = sqlx::query("SELECT count(*) FROM numbers").fetch_one(&mut connection).await.unwrap();
    assert_eq!(row.get::<i64, _>(0), 300_000);
}

async fn connected() -> (Proxy, Database, PgConnection) {
    let database = own_database().await;
    let proxy = Proxy::start(&database).unwrap();
    let connection = PgConnection::connect(&proxy.url(ROLE, database.name())).await.unwrap();
    (proxy, database, connection)
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

async fn round_trips(proxy: &Proxy, of: impl Future<Output = ()>) -> u64 {
    let before = proxy.round_trips();
    of.await;
    proxy.round_trips() - before
}

/// The length that stands before a message's text, which counts itself.
fn length(text: &str) -> [u8; 4] {
    u32::try_from(text.len() + 4).unwrap().to_be_bytes()
}

/// Reads messages up to the next ReadyForQuery.
fn read_until_ready(client: &mut TcpStream) {
    loop {
        let mut header = [0; 5];
        client.read_exact(&mut header).unwrap();
        let [kind, length @ ..] = header;
        let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap() - 4];
        client.read_exact(&mut body).unwrap();
        assert_ne!(kind, b'E', "{}", String::from_utf8_lossy(&body));
        if kind == b'Z' {
            return;
        }
    }
}
