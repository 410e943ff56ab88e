//! Many tasks on few connections.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use tenant_core::{PoolCounts, TenantConnection, TenantContext, TenantDatabase};

use crate::comparison::{Comparison, Target};
use crate::load::{Load, Statement, TURN};
use crate::server::{ROWS, Server, TENANTS, tenant};
use crate::statements::Kind;
use crate::thread::Busy;
use crate::zipf::Zipf;
use crate::{DELAYS, Failure, is_network, milliseconds};

const TASKS: u32 = 16;

/// Connections that are always busy.
const FEW: u32 = 4;

/// Connections that a thousand tenants share.
const SHARED: u32 = 8;

struct Arm {
    name: &'static str,
    target: Option<Target>,
    statement: Statement,
}

/// Statements a second on connections that are always busy.
pub(crate) async fn saturation(server: &Server, batches: usize) -> Result<(), Failure> {
    let few = async |mut options: ConnectOptions| Database::connect(options.max_connections(FEW).to_owned()).await;
    let raw = [few(server.raw()).await?, few(server.raw()).await?, few(server.tuned()).await?];
    let ours = server.tenants().max_connections(FEW).build().await?;
    let connection = ours.connect(TenantContext::new(tenant(1)));
    let [defaults, again, tuned] = raw.clone().map(by_hand);
    let arms = [
        Arm { name: "SeaORM with its defaults", target: None, statement: defaults },
        Arm { name: "the same again", target: None, statement: again },
        Arm { name: "SeaORM, test_before_acquire(false)", target: None, statement: tuned },
        Arm {
            name: "one tenant's connection: both walls",
            target: Some(Target::Faster(2.5)),
            statement: of_tenants(vec![connection], |_| 0),
        },
    ];
    for delay in DELAYS {
        let title = format!("{TASKS} tasks read on {FEW} connections, {} ms a round trip", milliseconds(delay));
        compare(server, &title, &arms, delay, batches).await?;
    }
    ours.close().await;
    for pool in raw {
        pool.close().await?;
    }
    Ok(())
}

/// A thousand tenants that send unequally much, beside one alone.
pub(crate) async fn many_tenants(server: &Server, batches: usize) -> Result<(), Failure> {
    let pools = [shared(server).await?, shared(server).await?, shared(server).await?];
    let alone = |pool: &TenantDatabase| of_tenants(vec![pool.connect(TenantContext::new(tenant(1)))], |_| 0);
    let zipf = Zipf::new(u32::try_from(TENANTS)?);
    let best = zipf.share_of_first(SHARED as usize);
    let crowd: Vec<_> = (1..=TENANTS).map(|number| pools[2].connect(TenantContext::new(tenant(number)))).collect();
    for delay in DELAYS {
        let zipf = zipf.clone();
        let arms = [
            Arm { name: "one tenant", target: None, statement: alone(&pools[0]) },
            Arm { name: "the same again", target: None, statement: alone(&pools[1]) },
            Arm {
                name: "1,000 tenants, Zipf(1.0)",
                target: is_network(delay).then_some(Target::Slower(1.9)),
                statement: of_tenants(crowd.clone(), move |_| zipf.draw()),
            },
        ];
        let title = format!("{TASKS} tasks read on {SHARED} connections, {} ms a round trip", milliseconds(delay));
        let before = pools[2].pool_statistics().counts;
        compare(server, &title, &arms, delay, batches).await?;
        let hits = hit_rate(&before, &pools[2].pool_statistics().counts);
        println!("  of the 1,000 tenants' statements {:.0} % found a connection bound to their tenant;", hits * 100.0);
        println!("  the {SHARED} most frequent tenants send {:.0} %\n", best * 100.0);
    }
    for pool in pools {
        pool.close().await;
    }
    Ok(())
}

async fn shared(server: &Server) -> Result<TenantDatabase, Failure> {
    Ok(server.tenants().max_connections(SHARED).build().await?)
}

fn hit_rate(before: &PoolCounts, after: &PoolCounts) -> f64 {
    let (hits, rebinds) = (after.bound_hits - before.bound_hits, after.rebinds - before.rebinds);
    hits as f64 / (hits + rebinds) as f64
}

fn by_hand(connection: DatabaseConnection) -> Statement {
    Statement::new(move |_, number| {
        let connection = connection.clone();
        async move { Kind::Read.run(&connection, Some(tenant(1)), row(number)).await }
    })
}

fn of_tenants(connections: Vec<TenantConnection>, which: impl Fn(u32) -> usize + Send + Sync + 'static) -> Statement {
    Statement::new(move |_, number| {
        let connection = connections[which(number)].clone();
        async move { Kind::Read.run(&connection, None, row(number)).await }
    })
}

fn row(number: u32) -> u128 {
    u128::from(number) % ROWS + 1
}

async fn compare(server: &Server, title: &str, arms: &[Arm], delay: Duration, batches: usize) -> Result<(), Failure> {
    server.proxy.delay(Duration::ZERO);
    for arm in arms {
        Load::run(TASKS, TURN, &arm.statement).await?;
    }
    server.proxy.delay(delay);
    let mut comparison = Comparison::new(arms.iter().map(|arm| (arm.name, arm.target)));
    let mut totals = vec![Totals::default(); arms.len()];
    let mut order: Vec<usize> = (0..arms.len()).collect();
    for _ in 0..batches {
        fastrand::shuffle(&mut order);
        for &arm in &order {
            let (before, proxy, client) = (server.proxy.round_trips(), Busy::proxy(), Busy::client());
            let load = Load::run(TASKS, TURN, &arms[arm].statement).await?;
            let (proxy, client) = (proxy.share(), client.share());
            server.settle(delay).await;
            comparison.add(arm, load.each());
            let of = &mut totals[arm];
            of.statements += load.statements;
            of.round_trips += server.proxy.round_trips() - before;
            of.proxy += proxy.unwrap_or(f64::NAN) / batches as f64;
            of.client += client.unwrap_or(f64::NAN) / batches as f64;
        }
    }
    server.proxy.delay(Duration::ZERO);
    for (arm, of) in totals.into_iter().enumerate() {
        let round_trips = of.round_trips as f64 / f64::from(of.statements);
        comparison.note(arm, format!("{round_trips:>11.2}  {:>4.0} %  {:>4.0} %", of.proxy * 100.0, of.client * 100.0));
    }
    comparison.print(title, "round trips   proxy  client busy");
    Ok(())
}

/// An arm's turns together.
#[derive(Clone, Default)]
struct Totals {
    statements: u32,
    round_trips: u64,
    proxy: f64,
    client: f64,
}
