//! Eight who write at once.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, DbErr, EntityTrait};
use tenant_core::{TenantConnection, TenantContext};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::scene::{Scene, TENANTS, again, counted, kept, plain, tenant};
use crate::{Failure, quantile, verdict};

const TURN: Duration = Duration::from_millis(250);
const ROUNDS: usize = 40;

/// The least share of what is written without the log.
const SINGLE: f64 = 0.70;
const HUNDRED: f64 = 0.95;

type Write = fn(TenantConnection, usize) -> BoxFuture<'static, Result<(), DbErr>>;

macro_rules! arm {
    ($entity:ident) => {
        |db, rows| {
            Box::pin(async move {
                insert::<$entity::Entity, _>(&db, rows, |id| $entity::ActiveModel {
                    id: Set(id),
                    name: Set("a row like others".to_owned()),
                    amount: Set(1),
                })
                .await
            })
        }
    };
}

const ARMS: [(&str, Write); 4] = [
    ("no log", arm!(plain)),
    ("the same again", arm!(again)),
    ("audit(writes)", arm!(counted)),
    ("audit(writes, rows)", arm!(kept)),
];

async fn insert<E, A>(db: &TenantConnection, rows: usize, row: impl Fn(Uuid) -> A) -> Result<(), DbErr>
where
    E: EntityTrait,
    A: ActiveModelTrait<Entity = E> + Send,
{
    let rows = (0..rows).map(|_| row(Uuid::now_v7()));
    E::insert_many(rows).exec_without_returning(db).await.map(drop)
}

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    let database = scene.tenants()?.build().await?;
    let writers: Vec<_> = (1..=TENANTS).map(|number| database.connect(TenantContext::new(tenant(number)))).collect();
    for (rows, target) in [(1, SINGLE), (100, HUNDRED)] {
        let mut speeds = vec![Vec::new(); ARMS.len()];
        let mut order: Vec<usize> = (0..ARMS.len()).collect();
        for (_, write) in ARMS {
            turn(&writers, write, rows).await?;
        }
        for _ in 0..ROUNDS {
            fastrand::shuffle(&mut order);
            for &arm in &order {
                speeds[arm].push(turn(&writers, ARMS[arm].1, rows).await?);
            }
        }
        report(&speeds, rows, target);
    }
    database.close().await;
    Ok(())
}

/// Statements a second.
async fn turn(writers: &[TenantConnection], write: Write, rows: usize) -> Result<f64, Failure> {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for db in writers {
        let db = db.clone();
        running.spawn(async move {
            let mut done = 0_u32;
            while begun.elapsed() < TURN {
                write(db.clone(), rows).await?;
                done += 1;
            }
            Ok::<_, DbErr>(done)
        });
    }
    let mut statements = 0;
    while let Some(done) = running.join_next().await {
        statements += done??;
    }
    Ok(f64::from(statements) / begun.elapsed().as_secs_f64())
}

fn report(speeds: &[Vec<f64>], rows: usize, target: f64) {
    let ratio =
        |arm: usize| quantile(speeds[arm].iter().zip(&speeds[0]).map(|(one, first)| one / first).collect(), 0.5);
    println!(
        "{TENANTS} writers, {rows} rows a statement: {:.0} statements a second without the log",
        quantile(speeds[0].clone(), 0.5)
    );
    let noise = (ratio(1) - 1.0).abs();
    for (arm, (name, _)) in ARMS.iter().enumerate() {
        let reached = ratio(arm);
        let target = match *name {
            "audit(writes)" => format!("at least {target}: {}", verdict(reached >= target - noise)),
            _ => String::new(),
        };
        println!("  {reached:>5.2}  {target:<22}  {name}");
    }
    println!();
}
