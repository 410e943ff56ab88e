//! A read from a standby is one tenant's alone and no staler than it may be; else the primary answers. Nothing is written there.

use std::time::Duration;

use entities::molecule;
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbBackend, EntityTrait, QuerySelect, Statement};
use tenant_core::{MaxLag, ReplicaConnection, TenantContext, TenantDatabase, TenantError};
use uuid::Uuid;

use crate::support::{Organization, Pair, a_molecule, application_role, execute, texts, until};

/// Longer than a standby that works needs, on a busy machine.
const LAG: MaxLag = MaxLag::new(Duration::from_secs(2));

async fn build(pair: &Pair) -> TenantDatabase {
    let database = pair.builder().read_from_replicas(2).build().await.expect("the primary was found");
    fresh(&database).await;
    database
}

/// Waits until a standby may be read from.
async fn fresh(database: &TenantDatabase) {
    let is_fresh = || database.replica_statistics().replicas.iter().any(|replica| replica.lag.is_some());
    until("a standby is known to be fresh", async || is_fresh()).await;
}

fn connect(database: &TenantDatabase, organization: &Organization) -> ReplicaConnection {
    database.connect_to_replica(TenantContext::new(organization.id), LAG)
}

/// Where reads went so far: to standbys, to the primary.
fn went(database: &TenantDatabase) -> (u64, u64) {
    let statistics = database.replica_statistics();
    (statistics.on_replicas, statistics.on_primary)
}

#[tokio::test]
async fn a_fresh_standby_answers_and_what_it_answers_is_the_tenants_own() {
    let pair = Pair::new().await;
    let database = build(&pair).await;
    for organization in [&pair.world.acme, &pair.world.beta] {
        let replica = connect(&database, organization);
        let all = molecule::Entity::find().all(&replica).await.expect("an answer");
        assert_eq!(all.len(), 3);
        assert!(all.iter().all(|molecule| molecule.organization_id == organization.id));
    }
    let (acme, beta) = (&pair.world.acme, &pair.world.beta);
    let replica = connect(&database, acme);
    let foreign = molecule::Entity::find_by_id(beta.only).one(&replica).await.expect("an answer");
    assert_eq!(foreign, None);
    let sql = format!("SELECT * FROM molecules WHERE organization_id = '{}' OR true", beta.id);
    let rows = replica.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await;
    assert_eq!(rows.expect("an answer").len(), 3, "its own");
    for attempt in [
        format!("SELECT set_config('tenancy.tenant_id', '{}', false)", beta.id),
        "SELECT pg_last_wal_replay_lsn()".to_owned(),
        "SELECT * FROM pg_class".to_owned(),
    ] {
        let failure = replica.execute_unprepared(&attempt).await.expect_err(&attempt);
        assert!(matches!(TenantError::of(&failure), Some(TenantError::Refused(_))), "{failure}");
    }
    assert_eq!(went(&database).1, 0, "all of it on the standby");

    // The second wall alone, on the standby itself: without a tenant an error, with one that tenant's rows.
    let standby = pair.standby.url(&application_role(), pair.world.database.name());
    let plain = sea_orm::Database::connect(standby).await.expect("the application's role");
    plain.execute_unprepared("SELECT * FROM molecules").await.expect_err("no tenant is bound");
    let bind = format!("SELECT set_config('tenancy.tenant_id', '{}', false)", acme.id);
    let session = plain.get_postgres_connection_pool();
    let mut session = session.acquire().await.expect("a session");
    sqlx::query(sqlx::AssertSqlSafe(bind)).execute(&mut *session).await.expect("bound");
    let of: Vec<Uuid> = sqlx::query_scalar("SELECT DISTINCT organization_id FROM molecules")
        .fetch_all(&mut *session)
        .await
        .expect("an answer");
    assert_eq!(of, [acme.id.as_uuid()]);
}

#[tokio::test]
async fn what_writes_or_locks_is_refused_before_it_is_sent() {
    let pair = Pair::new().await;
    let database = build(&pair).await;
    let replica = connect(&database, &pair.world.acme);
    let sent = database.replica_statistics().replicas.iter().map(|replica| replica.pool.counts.opened).sum::<u64>();
    for failure in [
        a_molecule(500).insert(&replica).await.expect_err("a write"),
        replica.execute_unprepared("DELETE FROM molecules").await.expect_err("a write"),
        molecule::Entity::find().lock_exclusive().all(&replica).await.expect_err("a lock"),
    ] {
        assert!(matches!(TenantError::of(&failure), Some(TenantError::ReplicaWrite)), "{failure:?}");
    }
    let opened = database.replica_statistics().replicas.iter().map(|replica| replica.pool.counts.opened).sum::<u64>();
    assert_eq!(opened, sent);
    // Also where there is no standby to ask.
    let alone = pair.builder().build().await.expect("the primary was found");
    let failure = a_molecule(500).insert(&connect(&alone, &pair.world.acme)).await.expect_err("a write");
    assert!(matches!(TenantError::of(&failure), Some(TenantError::ReplicaWrite)), "{failure:?}");
}

#[tokio::test]
async fn a_standby_that_falls_behind_is_left_and_used_again_when_it_has_caught_up() {
    let pair = Pair::new().await;
    let database = build(&pair).await;
    let replica = connect(&database, &pair.world.acme);
    let count = async || molecule::Entity::find().all(&replica).await.expect("an answer").len();
    assert_eq!(count().await, 3);
    assert_eq!(went(&database), (1, 0));

    let standby = pair.on(&pair.standby).await;
    execute(&standby, "SELECT pg_wal_replay_pause()").await;
    until("paused", async || texts(&standby, "SELECT pg_get_wal_replay_pause_state()").await == ["paused"]).await;
    let insert = molecule::Entity::insert(a_molecule(500)).exec_without_returning(&pair.world.acme.db);
    insert.await.expect("written");
    tokio::time::sleep(LAG.duration()).await;
    assert_eq!(count().await, 4, "as of no longer ago than the limit");
    assert_eq!(went(&database), (1, 1));
    let received = "SELECT (pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn())::text";
    assert_eq!(texts(&standby, received).await, ["true"]);

    execute(&standby, "SELECT pg_wal_replay_resume()").await;
    until("it is used again", async || {
        assert_eq!(count().await, 4);
        went(&database).0 > 1
    })
    .await;
}

#[tokio::test]
async fn a_standby_that_is_cut_off_is_left_although_it_has_replayed_all_it_received() {
    let pair = Pair::new().await;
    let database = build(&pair).await;
    let replica = connect(&database, &pair.world.acme);
    let standby = pair.on(&pair.standby).await;
    execute(&standby, "ALTER SYSTEM SET primary_conninfo = ''").await;
    execute(&standby, "SELECT pg_reload_conf()").await;
    let cut_off = "SELECT count(*)::text FROM pg_stat_wal_receiver";
    until("cut off", async || texts(&standby, cut_off).await == ["0"]).await;
    let insert = molecule::Entity::insert(a_molecule(500)).exec_without_returning(&pair.world.acme.db);
    insert.await.expect("written");
    tokio::time::sleep(LAG.duration()).await;
    let same = "SELECT (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn())::text";
    assert_eq!(texts(&standby, same).await, ["true"], "by its own word it lacks nothing");
    assert_eq!(molecule::Entity::find().all(&replica).await.expect("an answer").len(), 4);
    assert_eq!(went(&database), (0, 1));
}

#[tokio::test]
async fn a_standby_that_is_gone_leaves_its_reads_to_the_primary() {
    let pair = Pair::new().await;
    let database = build(&pair).await;
    let replica = connect(&database, &pair.world.acme);
    molecule::Entity::find().all(&replica).await.expect("an answer");
    pair.standby.kill().expect("killed");
    // Its sessions may answer for a moment longer.
    until("the primary is asked", async || {
        assert_eq!(molecule::Entity::find().all(&replica).await.expect("an answer").len(), 3);
        let (_, on_primary) = went(&database);
        on_primary > 0 || database.replica_statistics().asked_again > 0
    })
    .await;
}

#[tokio::test]
async fn a_read_that_a_standby_cancels_for_its_replay_is_answered_by_the_primary() {
    let pair = Pair::new().await;
    let database = build(&pair).await;
    let replica = connect(&database, &pair.world.acme);
    let standby = pair.on(&pair.standby).await;
    execute(&standby, "ALTER SYSTEM SET max_standby_streaming_delay = 0").await;
    execute(&standby, "SELECT pg_reload_conf()").await;
    let running =
        "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1,%'
                   AND pid <> pg_backend_pid()";
    let long = Statement::from_string(
        DbBackend::Postgres,
        "SELECT count(*) AS number FROM molecules m CROSS JOIN generate_series(1, 4000000) g",
    );
    // One that has ended before the rows are gone was not in the way.
    for _ in 0..10 {
        let (answer, ()) = tokio::join!(replica.query_one_raw(long.clone()), async {
            until("it runs on the standby", async || texts(&standby, running).await == ["1"]).await;
            execute(&pair.world.admin, "UPDATE molecules SET name = name || '!'").await;
            execute(&pair.world.admin, "VACUUM molecules").await;
        });
        let row = answer.expect("an answer all the same").expect("a row");
        assert_eq!(row.try_get::<i64>("", "number").expect("a number"), 12_000_000);
        if database.replica_statistics().asked_again > 0 {
            return;
        }
    }
    panic!("no read was cancelled");
}
