//! One who reads, on the server's machine and across a network.

use std::time::{Duration, Instant};

use sea_orm::{DbErr, EntityTrait};
use tenant_core::{ReadAudit, TenantConnection, TenantContext};
use uuid::Uuid;

use crate::scene::{ROWS, Scene, plain, read, tenant};
use crate::{Failure, quantile, verdict};

/// How long a round trip takes, and how many reads there are of each kind.
const DISTANCES: [(Duration, u32); 2] = [(Duration::ZERO, 10_000), (Duration::from_micros(500), 3_000)];

/// The most that a read may take, in times one that is not logged.
const BUFFERED: f64 = 1.05;
const DURABLE: f64 = 2.1;

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    // Each arm has a pool of its own.
    let databases = [
        scene.far_tenants()?.build().await?,
        scene.far_tenants()?.build().await?,
        scene.far_tenants()?.build().await?,
        scene.far_tenants()?.read_audit(ReadAudit::Durable).build().await?,
    ];
    let arms: Vec<_> = databases.iter().map(|database| database.connect(TenantContext::new(tenant(1)))).collect();
    for (distance, reads) in DISTANCES {
        scene.proxy.delay(distance);
        compare(&arms, distance, reads).await?;
    }
    scene.proxy.delay(Duration::ZERO);
    for database in databases {
        database.close().await;
    }
    Ok(())
}

async fn compare(arms: &[TenantConnection], distance: Duration, reads: u32) -> Result<(), Failure> {
    let mut times = vec![Vec::new(); arms.len()];
    let mut order: Vec<usize> = (0..arms.len()).collect();
    for round in 0..reads {
        fastrand::shuffle(&mut order);
        for &arm in &order {
            let begun = Instant::now();
            look(&arms[arm], arm >= 2, round).await?;
            times[arm].push(begun.elapsed().as_nanos() as f64);
        }
    }
    let medians: Vec<f64> = times.into_iter().map(|times| quantile(times, 0.5)).collect();
    let noise = (medians[1] / medians[0] - 1.0).abs();
    println!("a read by id on a bound connection, medians of {reads} each in turns, {distance:?} more a round trip");
    for (median, (name, target)) in medians.iter().zip([
        ("no log", None),
        ("the same again", None),
        ("audit(reads), buffered", Some(BUFFERED)),
        ("audit(reads), durable", Some(DURABLE)),
    ]) {
        let ratio = median / medians[0];
        let target =
            target.map(|most| format!("at most {most}: {}", verdict(ratio <= most + noise))).unwrap_or_default();
        println!("  {:>7.1} µs  {ratio:.3}  {target:<20}  {name}", median / 1e3);
    }
    println!();
    Ok(())
}

async fn look(db: &TenantConnection, is_logged: bool, round: u32) -> Result<(), DbErr> {
    let id = Uuid::from_u128(1 + u128::from(round) % ROWS);
    let found = if is_logged {
        read::Entity::find_by_id(id).one(db).await?.map(|row| row.amount)
    } else {
        plain::Entity::find_by_id(id).one(db).await?.map(|row| row.amount)
    };
    found.map(drop).ok_or_else(|| DbErr::RecordNotFound(id.to_string()))
}
