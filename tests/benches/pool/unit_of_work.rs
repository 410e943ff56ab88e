//! Several statements in one transaction.

use std::time::{Duration, Instant};

use sea_orm::{Database, DbErr, TransactionSession, TransactionTrait};
use tenant_core::{TenantContext, TenantId};

use crate::comparison::{Comparison, Target};
use crate::server::{Server, tenant};
use crate::statements::Kind;
use crate::{DELAYS, Failure, is_network, milliseconds};

/// Statements of a transaction, every other one a write.
const STATEMENTS: u128 = 10;

const WARM_UP: usize = 10;

const TENANT: TenantId = tenant(1);

const ARMS: usize = 3;

async fn work(connection: &impl TransactionTrait, by_hand: Option<TenantId>) -> Result<(), DbErr> {
    let transaction = connection.begin().await?;
    for id in 1..=STATEMENTS {
        let kind = if id % 2 == 0 { Kind::Write } else { Kind::Read };
        kind.run(&transaction, by_hand, id).await?;
    }
    transaction.commit().await
}

pub(crate) async fn measure(server: &Server, rounds: usize) -> Result<(), Failure> {
    let raw = [Database::connect(server.tuned()).await?, Database::connect(server.tuned()).await?];
    let ours = server.tenants().max_connections(1).build().await?.connect(TenantContext::new(TENANT));
    let run = async |arm: usize| match raw.get(arm) {
        Some(raw) => work(raw, Some(TENANT)).await,
        None => work(&ours, None).await,
    };
    for arm in 0..ARMS {
        for _ in 0..WARM_UP {
            run(arm).await?;
        }
    }
    for delay in DELAYS {
        server.proxy.delay(delay);
        let mut comparison = Comparison::new([
            ("SeaORM, test_before_acquire(false), filter by hand, no policies", None),
            ("the same again", None),
            ("tenant's transaction: both walls", is_network(delay).then_some(Target::Slower(1.0))),
        ]);
        let mut order: [usize; ARMS] = std::array::from_fn(|arm| arm);
        let mut round_trips = [0; ARMS];
        for _ in 0..rounds {
            fastrand::shuffle(&mut order);
            for arm in order {
                let (before, start) = (server.proxy.round_trips(), Instant::now());
                run(arm).await?;
                comparison.add(arm, start.elapsed());
                round_trips[arm] += server.proxy.round_trips() - before;
                server.settle(delay).await;
            }
        }
        for (arm, count) in round_trips.into_iter().enumerate() {
            comparison.note(arm, format!("{:>6.1}", count as f64 / rounds as f64));
        }
        let title = format!("transaction of {STATEMENTS} statements, {} ms a round trip", milliseconds(delay));
        comparison.print(&title, "round trips");
    }
    server.proxy.delay(Duration::ZERO);
    Ok(())
}
