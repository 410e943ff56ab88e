//! A proxy breaks connections in each of the ways a network does, and itself ends in every state.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tenant_testkit::{Database, Proxy};
use tokio::time::timeout;

use crate::support::{ROLE, own_database};

const SHORT: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_cut_connection_gives_an_error_and_a_new_one_works() {
    let (proxy, database, mut connection) = connected().await;
    proxy.cut();
    let error = run(&mut connection, "SELECT 1").await.unwrap_err();
    assert!(matches!(&error, sqlx::Error::Io(io) if io.kind() == ErrorKind::ConnectionReset), "{error:?}");
    let mut new = PgConnection::connect(&proxy.url(ROLE, database.name())).await.unwrap();
    run(&mut new, "SELECT 1").await.unwrap();
}

#[tokio::test]
async fn a_statement_under_way_is_cut_and_its_backend_ends() {
    let (proxy, database, mut connection) = connected().await;
    let cut = async {
        tokio::time::sleep(SHORT).await;
        proxy.cut();
    };
    let statement = run(&mut connection, "SELECT pg_sleep(0.5)");
    let (statement, ()) = tokio::join!(statement, cut);
    assert!(matches!(statement, Err(sqlx::Error::Io(_))), "{statement:?}");
    let mut direct = PgConnection::connect(&database.superuser_url()).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let others: i64 = sqlx::query_scalar(others).fetch_one(&mut direct).await.unwrap();
        if others == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "the backend still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn an_answer_is_cut_in_its_midst() {
    let (proxy, _database, mut connection) = connected().await;
    proxy.cut_after(1000);
    run(&mut connection, "SELECT 1").await.unwrap();
    let error = run(&mut connection, "SELECT repeat('x', 10000)").await.unwrap_err();
    assert!(matches!(&error, sqlx::Error::Io(io) if io.kind() == ErrorKind::UnexpectedEof), "{error:?}");
}

#[tokio::test]
async fn while_refusing_only_open_connections_work() {
    let (proxy, database, mut connection) = connected().await;
    let url = proxy.url(ROLE, database.name());
    proxy.refuse(true);
    let error = PgConnection::connect(&url).await.unwrap_err();
    assert!(matches!(&error, sqlx::Error::Io(_)), "{error:?}");
    run(&mut connection, "SELECT 1").await.unwrap();
    assert_eq!(proxy.connections(), 1);
    proxy.refuse(false);
    PgConnection::connect(&url).await.unwrap();
}

#[tokio::test]
async fn a_stalled_statement_waits_and_finishes_when_resumed() {
    let (proxy, database, mut connection) = connected().await;
    let url = proxy.url(ROLE, database.name());
    proxy.stall();
    let before = proxy.round_trips();
    let mut statement = std::pin::pin!(run(&mut connection, "SELECT 1"));
    assert!(timeout(SHORT, &mut statement).await.is_err(), "an answer while stalled");
    let mut connecting = std::pin::pin!(PgConnection::connect(&url));
    assert!(timeout(SHORT, &mut connecting).await.is_err(), "a connection while stalled");
    proxy.resume();
    timeout(Duration::from_secs(5), statement).await.unwrap().unwrap();
    timeout(Duration::from_secs(5), connecting).await.unwrap().unwrap();
    assert_eq!(proxy.round_trips() - before, 1);
}

#[tokio::test]
async fn an_answer_under_way_is_held_too() {
    let (proxy, _database, mut connection) = connected().await;
    let mut statement = std::pin::pin!(run(&mut connection, "SELECT pg_sleep(0.1)"));
    assert!(timeout(Duration::from_millis(30), &mut statement).await.is_err(), "it sleeps");
    proxy.stall();
    assert!(timeout(Duration::from_millis(400), &mut statement).await.is_err(), "an answer while stalled");
    proxy.resume();
    timeout(Duration::from_secs(5), statement).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_dropped_proxy_ends_in_every_state() {
    for state in ["idle", "stalled", "delayed", "full"] {
        let (proxy, _database, mut connection) = connected().await;
        match state {
            "stalled" => proxy.stall(),
            "delayed" => proxy.delay(Duration::from_secs(3600)),
            "full" => proxy.stall(),
            _ => {}
        }
        let sql = if state == "full" { format!("SELECT '{}'", "x".repeat(20 << 20)) } else { "SELECT 1".to_owned() };
        if state != "idle" {
            assert!(timeout(SHORT, run(&mut connection, &sql)).await.is_err(), "{state}");
        }
        let begun = Instant::now();
        drop(proxy);
        assert!(begun.elapsed() < Duration::from_secs(2), "{state}: {:?}", begun.elapsed());
        let error = run(&mut connection, "SELECT 1").await.unwrap_err();
        assert!(matches!(error, sqlx::Error::Io(_)), "{state}: {error:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_proxy_is_idle_while_nothing_happens() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (proxy, database, connection) = runtime.block_on(connected());
    let url: url::Url = proxy.url(ROLE, database.name()).parse().unwrap();
    let thread = format!("proxy {}", url.port().unwrap());
    proxy.stall();
    // A client that is gone while its answer is held must not keep the thread busy.
    drop(connection);
    std::thread::sleep(SHORT);
    let before = thread_time(&thread);
    std::thread::sleep(Duration::from_millis(500));
    let spent = thread_time(&thread) - before;
    assert!(spent < 20, "{spent} of 50 ticks");
}

#[tokio::test]
async fn other_protocols_are_closed() {
    let (proxy, database, _connection) = connected().await;
    let url: url::Url = proxy.url(ROLE, database.name()).parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    assert_eq!(stream.read(&mut [0; 10]).unwrap_or(0), 0);
}

async fn connected() -> (Proxy, Database, PgConnection) {
    let database = own_database().await;
    let proxy = Proxy::start(&database).unwrap();
    let connection = PgConnection::connect(&proxy.url(ROLE, database.name())).await.unwrap();
    (proxy, database, connection)
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

/// What this process's thread of this name has spent, in the kernel's ticks.
#[cfg(target_os = "linux")]
fn thread_time(name: &str) -> u64 {
    use std::fs;

    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.unwrap().path().join("stat")).ok());
    let mut sum = 0;
    for stat in stats.filter(|stat| stat.contains(&format!("({name})"))) {
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        sum += fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    }
    sum
}
