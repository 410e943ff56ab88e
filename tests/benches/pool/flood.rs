//! A tenant that sends little beside one that sends more than the pool can take.
//!
//! A statement takes 4 ms on the server, without a processor: with statements that compute, two cores would be the queue, and
//! not the pool. Bound or not, it takes the same; a connection that was the other's is bound anew first, one round trip.

use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use tenant_core::{TenantContext, TenantDatabaseBuilder, TenantId, Tier, TierLimits};

use crate::Failure;
use crate::comparison::{quantile, verdict};
use crate::load::{Load, Statement};
use crate::server::{Server, tenant};
use crate::statements::Kind;
use crate::thread::Busy;

const DELAY: Duration = Duration::from_micros(500);
const TURN: Duration = Duration::from_millis(700);

const CONNECTIONS: u32 = 5;
const FLOODING_TASKS: u32 = 64;

/// The quiet one's pauses between statements.
const LONGEST_PAUSE: Duration = Duration::from_millis(6);

const QUIET: TenantId = tenant(1);
const FLOODING: TenantId = tenant(2);

/// Two tenants on one pool.
struct Pair {
    quiet: Statement,
    flooding: Statement,
}

struct Arm<'a> {
    name: &'static str,
    pair: &'a Pair,
    is_quiet_there: bool,
    is_flooded: bool,
    /// The quiet one's times.
    times: Vec<Duration>,
    /// Statements a second, in each turn.
    quiet: Vec<f64>,
    flooding: Vec<f64>,
    proxy: f64,
}

impl Pair {
    /// Ours, with the quiet one in a tier of its own with the same weight.
    async fn fair(settings: TenantDatabaseBuilder) -> Result<Self, Failure> {
        let pool = settings.max_connections(CONNECTIONS).build().await?;
        let quiet = pool.connect(TenantContext::new(QUIET)).tier(Tier::Medium);
        let flooding = pool.connect(TenantContext::new(FLOODING));
        let statement = |connection| {
            Statement::new(move |task, _| {
                let connection = Clone::clone(&connection);
                async move { Kind::SlowWrite.run(&connection, None, u128::from(task) + 1).await }
            })
        };
        Ok(Self { quiet: statement(quiet), flooding: statement(flooding) })
    }

    /// SeaORM's own pool: first come, first served.
    async fn first_come(mut options: ConnectOptions) -> Result<Self, DbErr> {
        let pool = Database::connect(options.max_connections(CONNECTIONS).to_owned()).await?;
        let statement = |pool: DatabaseConnection, tenant: TenantId| {
            Statement::new(move |task, _| {
                let pool = pool.clone();
                async move { Kind::SlowWrite.run(&pool, Some(tenant), u128::from(task) + 1).await }
            })
        };
        Ok(Self { quiet: statement(pool.clone(), QUIET), flooding: statement(pool, FLOODING) })
    }
}

impl<'a> Arm<'a> {
    fn new(name: &'static str, pair: &'a Pair, is_quiet_there: bool, is_flooded: bool) -> Self {
        let (times, quiet, flooding) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, pair, is_quiet_there, is_flooded, times, quiet, flooding, proxy: 0.0 }
    }

    async fn turn(&mut self) -> Result<(), Failure> {
        let busy = Busy::proxy();
        let tasks = if self.is_flooded { FLOODING_TASKS } else { 0 };
        let (flood, times) = tokio::join!(Load::run(tasks, TURN, &self.pair.flooding), self.quietly());
        let (flood, times) = (flood?, times?);
        self.proxy += busy.share().unwrap_or(f64::NAN);
        self.flooding.push(flood.per_second());
        self.quiet.push(times.len() as f64 / TURN.as_secs_f64());
        self.times.extend(times);
        Ok(())
    }

    async fn quietly(&self) -> Result<Vec<Duration>, DbErr> {
        let (begun, mut times) = (Instant::now(), Vec::new());
        while self.is_quiet_there && begun.elapsed() < TURN {
            tokio::time::sleep(LONGEST_PAUSE.mul_f64(fastrand::f64())).await;
            let start = Instant::now();
            self.pair.quiet.run(0, 0).await?;
            times.push(start.elapsed());
        }
        Ok(times)
    }

    fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    /// In milliseconds.
    fn quantile(&self, share: f64) -> f64 {
        quantile(self.times.iter().map(|time| time.as_secs_f64() * 1e3), share)
    }
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

pub(crate) async fn measure(server: &Server, batches: usize) -> Result<(), Failure> {
    let quiet = TierLimits::of(Tier::Small);
    let ours = Pair::fair(server.tenants().tier(Tier::Medium, quiet)).await?;
    let reserved = Pair::fair(server.tenants().tier(Tier::Medium, quiet.reserved_connections(1))).await?;
    let first_come = Pair::first_come(server.tuned()).await?;
    for pair in [&ours, &reserved, &first_come] {
        Load::run(FLOODING_TASKS, TURN, &pair.flooding).await?;
        Load::run(1, TURN, &pair.quiet).await?;
    }
    server.proxy.delay(DELAY);
    let mut arms = [
        Arm::new("quiet alone", &ours, true, false),
        Arm::new("the same again", &ours, true, false),
        Arm::new("flooding alone", &ours, false, true),
        Arm::new("both, work-conserving", &ours, true, true),
        Arm::new("both, one connection reserved", &reserved, true, true),
        Arm::new("quiet alone, SeaORM, test_before_acquire(false)", &first_come, true, false),
        Arm::new("both, SeaORM, test_before_acquire(false)", &first_come, true, true),
    ];
    let mut order: Vec<usize> = (0..arms.len()).collect();
    for _ in 0..batches {
        fastrand::shuffle(&mut order);
        for &arm in &order {
            arms[arm].turn().await?;
            server.settle(DELAY).await;
        }
    }
    server.proxy.delay(Duration::ZERO);
    print(&arms, batches);
    Ok(())
}

fn print(arms: &[Arm<'_>; 7], batches: usize) {
    let [alone, again, flooding, both, reserved, first_come_alone, first_come] = arms;
    println!("a quiet tenant beside one with {FLOODING_TASKS} tasks, {CONNECTIONS} connections, 0.5 ms a round trip");
    println!("     p50     p99  ratio  target                    quiet/s  flooding/s  proxy busy");
    let row = |arm: &Arm<'_>, alone: &Arm<'_>, target: Option<f64>| {
        let ratio = arm.p99() / alone.p99();
        // To the letter: two p99 of equal arms lie too far apart to be a measure.
        let target = target.map(|target| verdict("at most", target, ratio, ratio <= target));
        let times = match arm.is_quiet_there {
            true => format!("{:>6.2}  {:>6.2}  {ratio:>5.2}", arm.quantile(0.5), arm.p99()),
            false => String::new(),
        };
        println!(
            "  {times:<21}  {:<24}  {:>7.0}  {:>10.0}  {:>8.0} %  {}",
            target.unwrap_or_default(),
            mean(&arm.quiet),
            mean(&arm.flooding),
            arm.proxy / batches as f64 * 100.0,
            arm.name
        );
    };
    row(alone, alone, None);
    row(again, alone, None);
    row(flooding, alone, None);
    row(both, alone, Some(1.8));
    row(reserved, alone, Some(1.3));
    row(first_come_alone, first_come_alone, None);
    row(first_come, first_come_alone, None);
    let turns = both.flooding.iter().zip(flooding.flooding.iter().zip(&both.quiet));
    let kept = quantile(turns.map(|(kept, (alone, quiet))| kept / (alone - quiet)), 0.5);
    println!(
        "  of what the quiet one leaves the flooding one has {kept:.2}; {}",
        verdict("at least", 0.95, kept, kept >= 0.95)
    );
    println!("  times in ms; {} of the quiet one's statements when alone\n", alone.times.len());
}
