//! How fast the access log is sealed and verified, and what a sealer costs those who write.
//!
//! One server that waits for its disk. Entries of a thousand organisations are written at once and sealed in one run; then eight
//! sessions write an entry a transaction, in turns with a sealer that runs ten times a second and without one, and the ratio of the
//! medians is what the sealer costs. `BENCH_ENTRIES` is how many entries a run seals.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tenant_core::Registry;
use tenant_migration::audit::{PublicKeys, Sealer, SealingKey, Verification};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database};
use tokio::task::JoinSet;

// A model counts only when its crate is linked.
use entities as _;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Entries a second, at least.
const TARGET: f64 = 50_000.0;

const RUNS: usize = 5;
const WRITERS: u32 = 8;
const ROUNDS: usize = 7;
const TURN: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(100);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let entries = std::env::var("BENCH_ENTRIES").ok().and_then(|text| text.parse().ok()).unwrap_or(200_000_u32);
    let cluster = Cluster::builder();
    let cluster = ["fsync", "synchronous_commit", "full_page_writes"]
        .iter()
        .fold(cluster, |cluster, name| cluster.setting(*name, "on"));
    let cluster = cluster.setting("max_wal_size", "1GB").start().await?;
    let database = cluster.empty_database().await?;
    TenantMigrator::new(&Registry::collect()?)?.up(&database.admin().await?, None).await?;
    let key = SealingKey::generate()?;
    let keys: PublicKeys = [key.public()].into_iter().collect();
    let sealer = Sealer::new(key);
    speed(&database, &sealer, entries).await?;
    verified(&database, keys).await?;
    writers(&database, &sealer).await
}

async fn migrator(database: &Database) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect(&database.url(RoleNames::default().migrator().as_str())).await
}

/// Seals many entries at once.
async fn speed(database: &Database, sealer: &Sealer, entries: u32) -> Result<(), Failure> {
    let mut superuser = PgConnection::connect(&database.superuser_url()).await?;
    let mut migrator = migrator(database).await?;
    let mut rates = Vec::new();
    for _ in 0..RUNS {
        let write = format!(
            "SELECT tenancy.write_entry(clock_timestamp(), o, o, gen_random_uuid(), 'request ' || n, 'insert', '{{public.molecules}}',
               1, NULL, NULL, NULL, NULL)
             FROM generate_series(1, {entries}) AS n, LATERAL (SELECT ('00000000-0000-0000-0000-' || lpad((n % 1000)::text, 12, '0'))::uuid) AS of (o)"
        );
        sqlx::raw_sql(AssertSqlSafe(write)).execute(&mut superuser).await?;
        let begun = Instant::now();
        let sealed = sealer.seal(&mut migrator).await?.seal.map_or(0, |seal| seal.entries());
        rates.push(sealed as f64 / begun.elapsed().as_secs_f64());
    }
    let rate = median(&mut rates);
    let verdict = if rate >= TARGET { "met" } else { "not met" };
    println!("sealing {entries} entries of 1,000 organisations, median of {RUNS} runs, at least {TARGET:.0}/s");
    println!("  {rate:>9.0} entries/s  {verdict}");
    Ok(())
}

async fn verified(database: &Database, keys: PublicKeys) -> Result<(), Failure> {
    let begun = Instant::now();
    let report = Verification::new(keys).run(&mut migrator(database).await?).await?;
    let rate = report.checked().entries as f64 / begun.elapsed().as_secs_f64();
    println!("verifying them all\n  {rate:>9.0} entries/s  {}", if report.is_clean() { "clean" } else { "NOT CLEAN" });
    Ok(())
}

/// What eight sessions write, with a sealer and without.
async fn writers(database: &Database, sealer: &Sealer) -> Result<(), Failure> {
    let mut sealing = migrator(database).await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    turn(database).await?;
    for _ in 0..ROUNDS {
        without.push(turn(database).await?);
        let run = async {
            loop {
                if let Err(error) = sealer.seal(&mut sealing).await {
                    return error;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::select! {
            written = turn(database) => with.push(written?),
            error = run => return Err(error.into()),
        }
        // What was cut off in the middle is undone with its session.
        sealing = migrator(database).await?;
        sealer.seal(&mut sealing).await?;
    }
    let (without, with) = (median(&mut without), median(&mut with));
    println!("{WRITERS} sessions that write an entry a transaction, {ROUNDS} turns of {} s each", TURN.as_secs());
    println!("  {without:>9.0} entries/s  without a sealer");
    println!("  {with:>9.0} entries/s  with one that runs every {} ms", PAUSE.as_millis());
    println!("  {:>9.2} of it", with / without);
    Ok(())
}

/// How many entries a second are written.
async fn turn(database: &Database) -> Result<f64, Failure> {
    let mut sessions = JoinSet::new();
    for writer in 0..WRITERS {
        let mut session = migrator(database).await?;
        let act = format!("SET ROLE {}; SET row_security = on", RoleNames::default().owner());
        sqlx::raw_sql(AssertSqlSafe(act)).execute(&mut session).await?;
        sessions.spawn(async move {
            let (begun, mut written) = (Instant::now(), 0_u32);
            let write = format!("SELECT tenancy.record_write('00000000-0000-0000-0000-00000000000{writer}', 'insert', 'public.molecules', 1)");
            while begun.elapsed() < TURN {
                sqlx::query(AssertSqlSafe(write.clone())).execute(&mut session).await?;
                written += 1;
            }
            Ok::<_, sqlx::Error>(f64::from(written) / begun.elapsed().as_secs_f64())
        });
    }
    let mut written = 0.0;
    while let Some(session) = sessions.join_next().await {
        written += session??;
    }
    Ok(written)
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates[rates.len() / 2]
}
