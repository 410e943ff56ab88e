//! Several statements in one transaction.

use std::time::{Duration, Instant};

use sea_orm::{Database, DbErr, TransactionSession, TransactionTrait};
use tenant_core::{TenantContext, TenantId};

use crate::bare::Bare;
use crate::comparison::{Comparison, Target};
use crate::server::{Server, tenant};
use crate::statements::Kind;
use crate::{DELAYS, Failure, is_network, milliseconds};

/// Statements of a transaction, every other one a write.
const STATEMENTS: u128 = 10;

const WARM_UP: usize = 10;

const TENANT: TenantId = tenant(1);

const ARMS: usize = 4;

const fn kind(id: u128) -> Kind {
    if id.is_multiple_of(2) { Kind::Write } else { Kind::Read }
}

async fn work(connection: &impl TransactionTrait, by_hand: Option<TenantId>) -> Result<(), DbErr> {
    let transaction = connection.begin().await?;
    for id in 1..=STATEMENTS {
        kind(id).run(&transaction, by_hand, id).await?;
    }
    transaction.commit().await
}

async fn bare_work(bare: &mut Bare) -> Result<(), Failure> {
    bare.begin().await?;
    for id in 1..=STATEMENTS {
        bare.run(kind(id), id).await?;
    }
    bare.commit().await
}

pub(crate) async fn measure(server: &Server, rounds: usize) -> Result<(), Failure> {
    let raw = [Database::connect(server.tuned()).await?, Database::connect(server.tuned()).await?];
    let ours = server.tenants().max_connections(1).build().await?.connect(TenantContext::new(TENANT));
    let mut bare = Bare::behind_both_walls(server, TENANT).await?;
    let mut run = async |arm: usize| -> Result<(), Failure> {
        match arm {
            0 | 1 => Ok(work(&raw[arm], Some(TENANT)).await?),
            2 => Ok(work(&ours, None).await?),
            _ => bare_work(&mut bare).await,
        }
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
            ("sqlx alone, no pool: both walls", None),
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
