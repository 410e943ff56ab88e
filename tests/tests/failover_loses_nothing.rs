//! When the primary dies and its standby is promoted, all tenants go on there: nothing that was acknowledged is lost (with
//! synchronous replication), nothing is done twice, and a primary that comes back is not believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use entities::molecule;
use sea_orm::{AccessMode, ConnectionTrait, DbErr, EntityTrait, TransactionSession, TransactionTrait};
use tenant_core::{
    CloseReason, DatabaseError, HostState, PoolError, Retry, TenantConnection, TenantDatabase, TenantError,
    TenantTransaction,
};
use tenant_testkit::Cluster;
use uuid::Uuid;

use crate::support::{BOTH_HAVE, LONG, Pair, a_molecule, execute, owners, pool_error, soon, texts, until};

/// Appends a word to a molecule's name: done twice, it is there twice.
async fn append(db: &impl ConnectionTrait, molecule: Uuid, word: &str) -> Result<(), DbErr> {
    let sql = format!("UPDATE molecules SET name = name || ',{word}' WHERE id = '{molecule}'");
    let done = db.execute_unprepared(&sql).await?;
    assert_eq!(done.rows_affected(), 1);
    Ok(())
}

/// Appends one word after the other until told to stop, and notes those that were acknowledged, and when the last was.
async fn write(db: TenantConnection, molecule: Uuid, stop: Arc<AtomicBool>) -> (Uuid, TenantConnection, Vec<usize>) {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        if append(&db, molecule, &number.to_string()).await.is_ok() {
            acknowledged.push(number);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (molecule, db, acknowledged)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_writes_are_there_once_and_all_tenants_go_on() {
    let pair = Pair::new().await;
    pair.synchronous().await;
    let database = pair.builder().build().await.expect("the primary was found");
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for organization in [&pair.world.acme, &pair.world.beta] {
        for molecule in [BOTH_HAVE, Uuid::from_u128(2), organization.only] {
            let db = Pair::connect(&database, organization);
            writers.push(tokio::spawn(write(db, molecule, Arc::clone(&stop))));
        }
    }
    tokio::time::sleep(Duration::from_millis(700)).await;
    pair.primary.kill().expect("killed");
    let promotion = Instant::now();
    pair.promote().await;
    for organization in [&pair.world.acme, &pair.world.beta] {
        let db = Pair::connect(&database, organization);
        let going_on = async { while append(&db, Uuid::from_u128(2), "after").await.is_err() {} };
        soon("a write after the promotion", going_on).await;
    }
    assert!(promotion.elapsed() < LONG);
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::Relaxed);

    let now = pair.on(&pair.standby).await;
    let mut total = 0;
    for writer in writers {
        let (molecule, db, acknowledged) = writer.await.expect("no panic");
        let tenant = db.context().tenant();
        let sql = format!("SELECT name FROM molecules WHERE organization_id = '{tenant}' AND id = '{molecule}'");
        let name = texts(&now, &sql).await.remove(0);
        let words: Vec<&str> = name.split(',').collect();
        for number in &acknowledged {
            assert_eq!(words.iter().filter(|word| **word == number.to_string()).count(), 1, "{number} in {name}");
        }
        let mut once = words.clone();
        once.sort_unstable();
        once.dedup_by(|one, other| one == other && *one != "after");
        assert_eq!(once.len(), words.len(), "nothing twice: {name}");
        total += acknowledged.len();
        assert_eq!(owners(&db).await.expect("an answer"), [tenant]);
    }
    assert!(total > 100, "they wrote before and after: {total}");
}

/// Each host's reason.
fn states(failure: &DbErr) -> Vec<&HostState> {
    let PoolError::NoPrimary { source, .. } = pool_error(failure) else { panic!("{failure}") };
    source.hosts().map(|(_, state)| state).collect()
}

#[tokio::test]
async fn a_primary_that_comes_back_is_not_believed() {
    let pair = Pair::new().await;
    let builder = pair.builder().acquire_timeout(Duration::from_secs(3));
    let database = builder.build().await.expect("the primary was found");
    let acme = Pair::connect(&database, &pair.world.acme);
    append(&acme, BOTH_HAVE, "before").await.expect("written");
    pair.caught_up().await;
    pair.primary.kill().expect("killed");
    pair.promote().await;
    // The first one meets a connection that has died; whether it was done is unknown to the program.
    let _ = append(&acme, BOTH_HAVE, "lost").await;
    append(&acme, BOTH_HAVE, "after").await.expect("written");

    pair.primary.start_again().await.expect("the old primary");
    pair.standby.kill().expect("killed");
    // Its processes notice that one after the other.
    soon("the end of its sessions", async { while append(&acme, BOTH_HAVE, "lost").await.is_ok() {} }).await;
    let failure = append(&acme, BOTH_HAVE, "split").await.expect_err("no primary that may be believed");
    let is_told = |state: &&HostState| matches!(state, HostState::Superseded { timeline: 1, highest: 2 });
    assert!(states(&failure).iter().any(is_told), "{failure}");
    let old = pair.on(&pair.primary).await;
    let names = texts(&old, "SELECT name FROM molecules").await;
    assert!(!names.iter().any(|name| name.contains("split")), "{names:?}");

    pair.standby.start_again().await.expect("the new primary");
    append(&acme, BOTH_HAVE, "again").await.expect("written");
}

/// Makes the old primary refuse to write without ending a session, and promotes the other.
async fn switch(pair: &Pair) {
    let old = pair.on(&pair.primary).await;
    execute(&old, "ALTER SYSTEM SET default_transaction_read_only = on").await;
    execute(&old, "SELECT pg_reload_conf()").await;
    let sql = "SELECT current_setting('default_transaction_read_only')";
    until("read-only", async || texts(&pair.world.admin, sql).await == ["on"]).await;
    pair.promote().await;
}

async fn is_on(pair: &Pair, cluster: &Cluster, id: u128) -> bool {
    let sql = format!("SELECT id::text FROM molecules WHERE id = '{}'", Uuid::from_u128(id));
    !texts(&pair.on(cluster).await, &sql).await.is_empty()
}

fn demoted(database: &TenantDatabase) -> u64 {
    database.pool_statistics().counts.closed.get(&CloseReason::Demoted).copied().unwrap_or_default()
}

#[tokio::test]
async fn a_write_that_its_server_refused_is_done_on_the_new_primary() {
    let pair = Pair::new().await;
    let database = pair.builder().build().await.expect("the primary was found");
    let acme = Pair::connect(&database, &pair.world.acme);
    let idle = [acme.begin().await.expect("begun"), acme.begin().await.expect("begun")];
    for transaction in idle {
        transaction.commit().await.expect("committed");
    }
    switch(&pair).await;
    molecule::Entity::insert(a_molecule(500)).exec_without_returning(&acme).await.expect("written, elsewhere");
    assert!(is_on(&pair, &pair.standby, 500).await && !is_on(&pair, &pair.primary, 500).await);
    assert_eq!(demoted(&database), 2, "the one that was used and the one that was idle");
}

async fn insert(transaction: &TenantTransaction) -> Result<u64, DbErr> {
    molecule::Entity::insert(a_molecule(501)).exec_without_returning(transaction).await
}

#[tokio::test]
async fn a_transaction_whose_server_refused_to_write_says_so_and_its_repetition_finds_the_primary() {
    let pair = Pair::new().await;
    let database = pair.builder().build().await.expect("the primary was found");
    let acme = Pair::connect(&database, &pair.world.acme);
    owners(&acme).await.expect("a connection");
    switch(&pair).await;
    let transaction = acme.begin().await.expect("begun where the connection leads");
    let failure = insert(&transaction).await.expect_err("refused");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::ReadOnlyServer { .. })), "{failure:?}");
    transaction.rollback().await.expect("rolled back");
    assert_eq!(demoted(&database), 1);
    let again = acme.transaction_with_retry(Retry::new(), |transaction| Box::pin(insert(transaction)));
    again.await.expect("on the primary");
    assert!(is_on(&pair, &pair.standby, 501).await);
}

#[tokio::test]
async fn what_a_program_itself_begins_read_only_says_nothing_of_its_server() {
    let pair = Pair::new().await;
    let database = pair.builder().build().await.expect("the primary was found");
    let acme = Pair::connect(&database, &pair.world.acme);
    let transaction = acme.begin_with_config(None, Some(AccessMode::ReadOnly)).await.expect("begun");
    let insert = molecule::Entity::insert(a_molecule(500)).exec_without_returning(&transaction).await;
    let failure = insert.expect_err("it may not write");
    assert!(matches!(failure, DbErr::Exec(_) | DbErr::Query(_)), "{failure:?}");
    transaction.rollback().await.expect("rolled back");
    assert_eq!((demoted(&database), database.pool_statistics().idle), (0, 1));
}

#[tokio::test]
async fn a_single_host_that_refuses_to_write_is_told_and_not_left() {
    let pair = Pair::new().await;
    let database = pair.builder_for([&pair.primary]).build().await.expect("the primary");
    let acme = Pair::connect(&database, &pair.world.acme);
    owners(&acme).await.expect("a connection");
    switch(&pair).await;
    for _ in 0..5 {
        let failure = append(&acme, BOTH_HAVE, "refused").await.expect_err("refused");
        assert!(matches!(TenantError::of(&failure), Some(TenantError::ReadOnlyServer { .. })), "{failure:?}");
        assert_eq!(owners(&acme).await.expect("reads go on"), [pair.world.acme.id]);
    }
    assert_eq!(demoted(&database), 1, "connections are not opened anew for each");
}

#[tokio::test]
async fn hosts_without_a_primary_are_each_told_at_start_up() {
    let pair = Pair::new().await;
    let nobody = pair.builder_for([&pair.standby]).hosts(["127.0.0.1:1".to_owned()]);
    assert!(matches!(nobody.build().await, Err(DatabaseError::Connect { .. })), "one host is tried as it is");
    let standby = pair.standby.tcp_url("x", "y").expect("it listens");
    let standby = standby.split(['@', '/']).nth(3).expect("a host").to_owned();
    let error = pair.builder().hosts([standby.clone(), "127.0.0.1:1".to_owned()]).build().await;
    let Err(DatabaseError::NoPrimary { source, .. }) = &error else { panic!("{error:?}") };
    let states: Vec<_> = source.hosts().map(|(_, state)| state).collect();
    assert!(states.iter().any(|state| matches!(state, HostState::Standby)), "{states:?}");
    assert!(states.iter().any(|state| matches!(state, HostState::Unreachable(_))), "{states:?}");
}
