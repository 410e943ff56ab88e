//! A transaction belongs to one tenant to its end; one with a failed or dropped operation can't be committed, and a
//! connection in doubt is not used again.

use std::time::Duration;

use entities::molecule;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    TransactionSession, TransactionTrait,
};
use tenant_core::{TenantContext, TenantDatabase, TenantError};

use crate::support::{BOTH_HAVE, World, a_molecule, application_role, backends, execute, owners, pool_named, texts};

async fn new_ones(world: &World) -> u64 {
    let new = molecule::Entity::find().filter(molecule::COLUMN.name.eq("new"));
    new.count(&world.acme.db).await.expect("a count")
}

fn is(failure: &DbErr, expected: impl Fn(&TenantError) -> bool) -> bool {
    TenantError::of(failure).is_some_and(expected)
}

#[tokio::test]
async fn commit_keeps_and_rollback_and_drop_undo() {
    let world = World::new().await;
    let kept = world.acme.db.begin().await.expect("a transaction");
    a_molecule(1000).insert(&kept).await.expect("an insert");
    kept.commit().await.expect("committed");
    let undone = world.acme.db.begin().await.expect("a transaction");
    a_molecule(1001).insert(&undone).await.expect("an insert");
    undone.rollback().await.expect("rolled back");
    let dropped = world.acme.db.begin().await.expect("a transaction");
    a_molecule(1002).insert(&dropped).await.expect("an insert");
    drop(dropped);
    assert_eq!(new_ones(&world).await, 1);
}

#[tokio::test]
async fn nested_transactions_are_savepoints_of_the_same_tenant() {
    let world = World::new().await;
    let outer = world.acme.db.begin().await.expect("a transaction");
    a_molecule(1000).insert(&outer).await.expect("an insert");
    let inner = outer.begin().await.expect("a nested one");
    let made = a_molecule(1001).insert(&inner).await.expect("an insert");
    assert_eq!(made.organization_id, world.acme.id);
    inner.rollback().await.expect("rolled back");
    let inner = outer.begin().await.expect("a nested one");
    a_molecule(1002).insert(&inner).await.expect("an insert");
    inner.commit().await.expect("committed");
    let forgotten = outer.begin().await.expect("a nested one");
    a_molecule(1003).insert(&forgotten).await.expect("an insert");
    drop(forgotten);
    outer.commit().await.expect("committed");
    assert_eq!(new_ones(&world).await, 2, "the outer's and the committed inner's");
}

#[tokio::test]
async fn the_outer_one_waits_for_the_nested_one() {
    let world = World::new().await;
    let outer = world.acme.db.begin().await.expect("a transaction");
    let inner = outer.begin().await.expect("a nested one");
    let failure = molecule::Entity::find().one(&outer).await.expect_err("a statement of the outer one");
    assert!(is(&failure, |error| matches!(error, TenantError::NestedTransactionOpen)), "{failure}");
    inner.commit().await.expect("committed");
    molecule::Entity::find().one(&outer).await.expect("the outer one goes on");
}

#[tokio::test]
async fn a_failed_statement_leaves_only_rollback() {
    let world = World::new().await;
    let transaction = world.acme.db.begin().await.expect("a transaction");
    a_molecule(1000).insert(&transaction).await.expect("an insert");
    a_molecule(1000).insert(&transaction).await.expect_err("the same key again");
    let failure = molecule::Entity::find().one(&transaction).await.expect_err("after a failure");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionFailed)), "{failure}");
    let failure = transaction.commit().await.expect_err("a commit that keeps nothing");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionFailed)), "{failure}");
    assert_eq!(new_ones(&world).await, 0);
}

#[tokio::test]
async fn a_refused_statement_leaves_only_rollback() {
    let world = World::new().await;
    let transaction = world.acme.db.begin().await.expect("a transaction");
    a_molecule(1000).insert(&transaction).await.expect("an insert");
    transaction.execute_unprepared("SELECT pg_sleep(1)").await.expect_err("a function that is not allowed");
    let failure = transaction.commit().await.expect_err("a commit that keeps nothing");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionFailed)), "{failure}");
    assert_eq!(new_ones(&world).await, 0);
}

#[tokio::test]
async fn a_failure_in_a_nested_one_is_undone_with_it() {
    let world = World::new().await;
    let outer = world.acme.db.begin().await.expect("a transaction");
    a_molecule(1000).insert(&outer).await.expect("an insert");
    let inner = outer.begin().await.expect("a nested one");
    a_molecule(1000).insert(&inner).await.expect_err("the same key again");
    inner.rollback().await.expect("rolled back to the savepoint");
    a_molecule(1001).insert(&outer).await.expect("the outer one goes on");
    outer.commit().await.expect("committed");
    assert_eq!(new_ones(&world).await, 2);
}

/// A statement that waits for a row lock is dropped half-way.
#[tokio::test]
async fn a_dropped_operation_gives_up_the_connection_and_nothing_of_it_stays() {
    let world = World::new().await;
    let database = TenantDatabase::builder(world.database.url(&application_role()))
        .max_connections(1)
        .build()
        .await
        .expect("a database");
    let lock = world.beta.db.begin().await.expect("a transaction");
    let name = Expr::value("held");
    molecule::Entity::update_many()
        .col_expr(molecule::Column::Name, name)
        .filter(molecule::Column::Id.eq(BOTH_HAVE))
        .exec(&lock)
        .await
        .expect("an update");
    let beta = database.connect(TenantContext::new(world.beta.id));
    let transaction = beta.begin().await.expect("a transaction");
    let waiting = molecule::Entity::update_many()
        .col_expr(molecule::Column::Name, Expr::value("late"))
        .filter(molecule::Column::Id.eq(BOTH_HAVE));
    let dropped = tokio::time::timeout(Duration::from_millis(300), waiting.exec(&transaction)).await;
    assert!(dropped.is_err(), "the statement should have waited for the lock");
    let failure = molecule::Entity::find().one(&transaction).await.expect_err("after a dropped operation");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionLost)), "{failure}");
    let failure = transaction.commit().await.expect_err("a lost transaction");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionLost)), "{failure}");
    lock.rollback().await.expect("rolled back");
    // The only connection of the pool was given up; the next tenant gets another, bound to itself.
    let acme = database.connect(TenantContext::new(world.acme.id));
    let mine = molecule::Entity::find_by_id(BOTH_HAVE).one(&acme).await.expect("an answer").expect("a row");
    assert_eq!(mine.organization_id, world.acme.id);
    let theirs = molecule::Entity::find_by_id(BOTH_HAVE).one(&world.beta.db).await.expect("an answer").expect("a row");
    assert_eq!(theirs.name, "aspirin of 2");
    assert_eq!(idle_in_transaction(&world).await, Vec::<String>::new());
}

/// The server looks whether somebody still waits for the statement, so that what was dropped doesn't pile up there.
#[tokio::test]
async fn the_server_ends_a_statement_that_was_dropped() {
    let world = World::new().await;
    let lock = world.beta.db.begin().await.expect("a transaction");
    molecule::Entity::update_many()
        .col_expr(molecule::Column::Name, Expr::value("held"))
        .exec(&lock)
        .await
        .expect("an update");
    for _ in 0..3 {
        let late = molecule::Entity::update_many().col_expr(molecule::Column::Name, Expr::value("late"));
        let dropped = tokio::time::timeout(Duration::from_millis(100), late.exec(&world.beta.db)).await;
        assert!(dropped.is_err(), "the statement should have waited for the lock");
    }
    let waiting =
        "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert!(!texts(&world.admin, waiting).await.is_empty());
    // Well within the role's lock_timeout of 5 s.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(texts(&world.admin, waiting).await, Vec::<String>::new());
    lock.rollback().await.expect("rolled back");
}

#[tokio::test]
async fn a_dropped_begin_leaves_no_transaction_behind() {
    let world = World::new().await;
    let database = TenantDatabase::builder(world.database.url(&application_role()))
        .max_connections(2)
        .build()
        .await
        .expect("a database");
    for polls in 0..12 {
        let acme = database.connect(TenantContext::new(world.acme.id));
        let mut begin = std::pin::pin!(acme.begin());
        for _ in 0..polls {
            if futures_util::poll!(begin.as_mut()).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }
    let beta = database.connect(TenantContext::new(world.beta.id));
    for _ in 0..4 {
        let all = molecule::Entity::find().all(&beta).await.expect("an answer");
        assert!(all.iter().all(|molecule| molecule.organization_id == world.beta.id));
    }
    assert_eq!(idle_in_transaction(&world).await, Vec::<String>::new());
}

/// Backends of this database that are left in a transaction, once those being closed had time to go.
async fn idle_in_transaction(world: &World) -> Vec<String> {
    let sql = "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    for _ in 0..50 {
        if texts(&world.admin, sql).await.is_empty() {
            return Vec::new();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    texts(&world.admin, sql).await
}

#[tokio::test]
async fn a_stream_that_is_dropped_closes_its_connection() {
    use futures_util::TryStreamExt;

    let world = World::new().await;
    let database = TenantDatabase::builder(world.database.url(&application_role()))
        .max_connections(1)
        .build()
        .await
        .expect("a database");
    let acme = database.connect(TenantContext::new(world.acme.id));
    let mut stream = molecule::Entity::find().stream(&acme).await.expect("a stream");
    assert!(stream.try_next().await.expect("a row").is_some());
    drop(stream);
    let beta = database.connect(TenantContext::new(world.beta.id));
    let all = molecule::Entity::find().all(&beta).await.expect("an answer");
    assert!(!all.is_empty() && all.iter().all(|molecule| molecule.organization_id == world.beta.id));
    assert_eq!(idle_in_transaction(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_statement_beside_an_open_stream_is_refused_instead_of_waiting_for_itself() {
    use futures_util::TryStreamExt;

    let world = World::new().await;
    let transaction = world.acme.db.begin().await.expect("a transaction");
    let mut stream = molecule::Entity::find().stream(&transaction).await.expect("a stream");
    assert!(stream.try_next().await.expect("a row").is_some());
    let failure = molecule::Entity::find().one(&transaction).await.expect_err("the stream is open");
    assert!(is(&failure, |error| matches!(error, TenantError::StreamOpen)), "{failure}");
    while stream.try_next().await.expect("a row").is_some() {}
    molecule::Entity::find().one(&transaction).await.expect("the stream has ended");
    drop(stream);
    transaction.commit().await.expect("committed");
}

#[tokio::test]
async fn a_lost_transaction_gives_its_connection_up_at_once() {
    use futures_util::TryStreamExt;

    let world = World::new().await;
    let transaction = world.acme.db.begin().await.expect("a transaction");
    let mut stream = molecule::Entity::find().stream(&transaction).await.expect("a stream");
    assert!(stream.try_next().await.expect("a row").is_some());
    drop(stream);
    assert_eq!(idle_in_transaction(&world).await, Vec::<String>::new(), "while its handle is still there");
    let failure = molecule::Entity::find().one(&transaction).await.expect_err("lost");
    assert!(is(&failure, |error| matches!(error, TenantError::TransactionLost)), "{failure}");
}

#[tokio::test]
async fn a_closures_own_error_is_the_one_that_is_told() {
    let world = World::new().await;
    let admin = world.admin.clone();
    let outcome = world
        .acme
        .db
        .transaction(|transaction| {
            Box::pin(async move {
                molecule::Entity::find().one(transaction).await?;
                execute(&admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenancy_app' AND datname = current_database()").await;
                Err::<(), DbErr>(DbErr::Custom("the closure's own".to_owned()))
            })
        })
        .await;
    let failure = outcome.expect_err("the closure failed").to_string();
    assert!(failure.contains("the closure's own"), "{failure}");
}

#[tokio::test]
async fn a_terminated_backend_is_an_error_and_the_pool_goes_on() {
    let world = World::new().await;
    let transaction = world.acme.db.begin().await.expect("a transaction");
    molecule::Entity::find().one(&transaction).await.expect("an answer");
    execute(
        &world.admin,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = 'tenancy_app'",
    )
    .await;
    molecule::Entity::find().one(&transaction).await.expect_err("a terminated session");
    transaction.commit().await.expect_err("a lost transaction");
    // Idle connections of the pool were terminated too: the pool notices and replaces them.
    molecule::Entity::find().one(&world.acme.db).await.expect("a new connection");
}

/// A COMMIT that is cancelled at its very beginning leaves the transaction open on the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_commit_leaves_no_transaction_behind() {
    let world = World::new().await;
    // Writing to its log before it heeds a cancellation, the server takes longer.
    for setting in ["log_statement = 'all'", "log_parser_stats = on"] {
        execute(&world.admin, &format!("ALTER DATABASE {} SET {setting}", world.database.name())).await;
    }
    let database = pool_named(&world, "cancelled").max_connections(1).build().await.expect("a database");
    let acme = database.connect(TenantContext::new(world.acme.id));
    owners(&acme).await.expect("bound");
    let mut cancelled = 0;
    for _ in 0..2000 {
        let transaction = acme.begin().await.expect("nobody's transaction is open");
        let process = backends(&world.admin, "cancelled").await.remove(0);
        let many = format!(
            "DO $$ BEGIN WHILE clock_timestamp() < now() + interval '6 ms' LOOP PERFORM pg_cancel_backend({process}); END LOOP; END $$"
        );
        let admin = world.admin.clone();
        let cancelling = tokio::spawn(async move { execute(&admin, &many).await });
        tokio::time::sleep(Duration::from_millis(2)).await;
        let outcome = transaction.commit().await;
        cancelling.await.expect("cancelled as often as it could be");
        assert_eq!(owners(&acme).await.expect("an answer"), [world.acme.id], "after {outcome:?}");
        cancelled += u32::from(outcome.is_err());
        if cancelled == 10 {
            return;
        }
    }
    panic!("only {cancelled} were cancelled");
}
