//! A statement's way to a database that is known and open.

use std::hint::black_box;
use std::time::Instant;

use entities::molecule;
use sea_orm::EntityTrait;
use tenant_core::{Registry, TenantConnection, TenantContext, TenantDatabase, TenantRouter};
use tenant_migration::RoleNames;
use uuid::Uuid;

use crate::{FEW, Failure, Scene, quantile, tenant, verdict};

const BATCHES: u32 = 60;
const LOOKUPS: u32 = 10_000;
const READS: u32 = 10_000;

/// Nanoseconds of a look-up, and of the whole way, beside a connection of the database itself.
const OVERHEAD: f64 = 2_000.0;
const LOOKUP: f64 = 1_000.0;
/// Times the latency with few organisations.
const MANY: f64 = 1.1;

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    let url = scene.tenants.url(RoleNames::default().app().as_str());
    let database = TenantDatabase::builder(url).registry(Registry::collect()?).build().await?;
    let (few, many) = (scene.router(&scene.few)?.build().await?, scene.router(&scene.many)?.build().await?);

    let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        of_few.push(connects(&few, FEW).await?);
        of_many.push(connects(&many, scene.number).await?);
    }
    let (of_few, of_many) = (quantile(of_few, 0.5), quantile(of_many, 0.5));
    println!("`router.connect` of random organisations, medians of {BATCHES} batches");
    println!("  {of_few:>6.0} ns with {FEW} organisations");
    println!("  {of_many:>6.0} ns with {}, at most {LOOKUP}: {}\n", scene.number, verdict(of_many <= LOOKUP));

    let context = TenantContext::new(tenant(1));
    let direct = database.connect(context.clone());
    // Each arm has a pool of its own: the first two show what that alone makes of equal ones.
    let again = TenantDatabase::builder(scene.tenants.url(RoleNames::default().app().as_str()));
    let again = again.registry(Registry::collect()?).build().await?.connect(context.clone());
    let arms = [direct, again, few.connect(context.clone()).await?, many.connect(context).await?];
    let mut times: [Vec<f64>; 4] = Default::default();
    let mut order = [0, 1, 2, 3];
    for round in 0..READS {
        fastrand::shuffle(&mut order);
        for arm in order {
            times[arm].push(read(&arms[arm], round).await?);
        }
    }
    let [direct, again, by_few, by_many] = times.map(|times| quantile(times, 0.5));
    println!("a read by id on a bound connection, medians of {READS} each in turns");
    for (time, arm) in [
        (direct, "the database's own connection".to_owned()),
        (again, "the same again".to_owned()),
        (by_few, format!("by a router of {FEW}")),
        (by_many, format!("by a router of {}", scene.number)),
    ] {
        println!("  {time:>7.0} ns  {:.3}  {arm}", time / direct);
    }
    let (overhead, noise) = (by_many - direct, (again - direct).abs());
    let is_met = verdict(overhead <= OVERHEAD + noise);
    println!("  {overhead:.0} ns more, at most {OVERHEAD} (two equal arms: {noise:.0}): {is_met}");
    let growth = by_many / by_few;
    println!("  {growth:.3} times that with {FEW}, at most {MANY}: {}\n", verdict(growth <= MANY));
    few.close().await;
    many.close().await;
    Ok(())
}

/// Nanoseconds each.
async fn connects(router: &TenantRouter, organizations: u32) -> Result<f64, Failure> {
    let tenants: Vec<_> = (0..LOOKUPS).map(|_| tenant(fastrand::u32(1..=organizations))).collect();
    let begun = Instant::now();
    for tenant in tenants {
        black_box(router.connect(TenantContext::new(tenant)).await?);
    }
    Ok(begun.elapsed().as_nanos() as f64 / f64::from(LOOKUPS))
}

/// Nanoseconds.
async fn read(db: &TenantConnection, round: u32) -> Result<f64, Failure> {
    let id = Uuid::from_u128(1 + u128::from(round) % 100);
    let begun = Instant::now();
    black_box(molecule::Entity::find_by_id(id).one(db).await?.ok_or("it is there")?);
    Ok(begun.elapsed().as_nanos() as f64)
}
