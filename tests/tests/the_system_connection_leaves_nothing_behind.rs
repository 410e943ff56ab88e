//! A reason is bound to one transaction: whoever uses the connection next finds none, however the transaction ended, also behind a
//! pooler that gives the server's connection to others.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr, TransactionSession, TransactionTrait};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, Row};
use tenant_core::{SystemContext, SystemDatabase, SystemError, UserId};
use tenant_testkit::cancellation::{Cut, CutPoint, Moment};
use tenant_testkit::{PgBouncer, PoolMode, Proxy};
use uuid::Uuid;

use crate::support::{World, admin_role, because, logged, own_server, soon, texts, until};

/// Far more than any of the operations has.
const POINTS: u32 = 200;

/// A use of the connection from its beginning to its end.
async fn visit(system: &SystemDatabase, context: &SystemContext) -> Result<(), SystemError> {
    let failed = |source: DbErr| SystemError::Begin { source };
    let across = system.across_tenants(context).await?;
    across.execute_unprepared("UPDATE molecules SET smiles = 'C'").await.map_err(failed)?;
    let nested = across.begin().await.map_err(failed)?;
    nested.execute_unprepared("UPDATE targets SET name = 'x'").await.map_err(failed)?;
    nested.commit().await.map_err(failed)?;
    across.rollback().await.map_err(failed)
}

/// The server's sessions of the admin role that are in the middle of something.
async fn busy(world: &World) -> Vec<String> {
    let busy = "SELECT state || ' ' || query FROM pg_stat_activity
                WHERE datname = current_database() AND usename = 'tenancy_admin' AND state <> 'idle'";
    texts(&world.admin, busy).await
}

/// What another client of the same role finds set on the server connection that the pooler gives it.
async fn found_by_a_neighbour(neighbour: &mut PgConnection) -> String {
    let question = "SELECT concat(current_setting('tenancy.reason', true), current_setting('tenancy.tenant_id', true),
                           current_setting('tenancy.user_id', true), current_setting('tenancy.request_id', true))";
    let row = sqlx::raw_sql(question).fetch_one(neighbour).await.expect("an answer");
    row.get(0)
}

#[tokio::test]
async fn a_use_that_is_dropped_anywhere_leaves_no_reason_on_a_shared_server_connection() {
    let world = World::on(own_server().await).await;
    let bouncer = PgBouncer::builder(world.database.cluster()).pool_mode(PoolMode::Transaction).pool_size(1).start();
    let bouncer = bouncer.await.expect("a PgBouncer");
    let url = bouncer.url(&admin_role(), world.database.name());
    let system = SystemDatabase::builder(url.clone()).registry(world.registry.clone()).max_connections(1).build();
    let system = system.await.expect("a safe database");
    let options: PgConnectOptions = url.parse().expect("a URL");
    let mut neighbour = options.extra_float_digits(None).connect().await.expect("a client of the pooler");
    let context = because("of a test").user(UserId::new(Uuid::from_u128(9))).writing();
    let mut cuts = 0;
    for moment in [Moment::Waiting, Moment::Woken] {
        for polls in 0..POINTS {
            let cut = CutPoint::after(polls).moment(moment).cut(visit(&system, &context)).await;
            // The one server connection is free for the neighbour only when the transaction has ended.
            let found = soon("the server connection", found_by_a_neighbour(&mut neighbour)).await;
            assert_eq!(found, "", "after {polls} polls, {moment:?}");
            match cut {
                Cut::Dropped => cuts += 1,
                Cut::Finished(outcome) => {
                    outcome.expect("a use");
                    break;
                }
            }
        }
    }
    assert!(cuts >= 10, "a use has more points than {cuts}");
    until("no transaction is left open", async || busy(&world).await.is_empty()).await;
    assert_eq!(texts(&world.admin, "SELECT count(*)::text FROM molecules WHERE smiles = 'C'").await, ["0"]);
}

/// The same on direct connections: each use has its own reason, and whatever was dropped in between is over.
#[tokio::test]
async fn the_next_use_of_the_connection_has_its_own_reason() {
    let world = World::new().await;
    let proxy = Proxy::start(&world.database).expect("a proxy");
    let url = proxy.url(&admin_role(), world.database.name());
    let system = SystemDatabase::builder(url).registry(world.registry.clone()).max_connections(1).build();
    let system = system.await.expect("a safe database");
    // So that each answer is waited for.
    proxy.delay(Duration::from_millis(3));
    for polls in 0..POINTS {
        let cut = CutPoint::after(polls).cut(visit(&system, &because("of the one before").writing())).await;
        let next = because(&format!("of the next {polls}"));
        let across = soon("the pool's one connection", system.across_tenants(&next)).await.expect("a transaction");
        let reason = texts(&across, "SELECT current_setting('tenancy.reason')").await;
        assert_eq!(reason, [next.reason().as_str()]);
        across.rollback().await.expect("ended");
        if let Cut::Finished(outcome) = cut {
            outcome.expect("a use");
            assert!(polls > 10, "a use has more points than {polls}");
            until("no transaction is left open", async || busy(&world).await.is_empty()).await;
            let entries = logged(&world.admin, "system").await;
            assert!(entries.len() as u32 > polls + 1, "{entries:?}");
            return;
        }
    }
    panic!("never ended");
}

/// Wherever the way to the server is cut, nobody has a transaction that isn't in the log.
#[tokio::test]
async fn an_entry_that_may_be_lost_is_none() {
    let world = World::new().await;
    let proxy = Proxy::start(&world.database).expect("a proxy");
    let url = proxy.url(&admin_role(), world.database.name());
    let system = SystemDatabase::builder(url).registry(world.registry.clone()).max_connections(1).build();
    let system = system.await.expect("a safe database");
    let (mut unrecorded, mut begun) = (0, 0);
    for step in 0..60 {
        let context = because(&format!("step {step}"));
        // So that there is a connection that is cut, not one that is opened anew.
        system.across_tenants(&because("warm")).await.expect("a transaction").rollback().await.expect("ended");
        proxy.cut_after(step * 30);
        match system.across_tenants(&context).await {
            Err(SystemError::Unrecorded { .. }) => unrecorded += 1,
            _ => {
                begun += 1;
                assert!(logged(&world.admin, "system").await.contains(&context.reason().to_string()), "{step}");
            }
        }
        proxy.cut();
    }
    assert!(unrecorded > 3 && begun > 3, "{unrecorded} cut before the entry was known to be there, {begun} later");
}

/// Nobody knows whether the entry was committed: then nothing is begun.
#[tokio::test]
async fn a_server_that_does_not_answer_begins_nothing() {
    let world = World::new().await;
    let proxy = Proxy::start(&world.database).expect("a proxy");
    let url = proxy.url(&admin_role(), world.database.name());
    let short = Duration::from_millis(300);
    let system =
        SystemDatabase::builder(url).registry(world.registry.clone()).answer_timeout(short).acquire_timeout(short);
    let system = system.build().await.expect("a safe database");
    proxy.stall();
    let failure = system.across_tenants(&because("a test")).await.expect_err("no answer");
    assert!(matches!(failure, SystemError::Unrecorded { .. }), "{failure}");
}
