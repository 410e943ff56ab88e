//! How long writers wait when the primary is killed and its standby is promoted, beside what the server itself takes.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use entities::molecule;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, EntityTrait};
use tenant_core::{Registry, TenantConnection, TenantContext, TenantDatabase, TenantId};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, ClusterBuilder};
use uuid::Uuid;

const RUNS: usize = 5;
const WRITERS: u128 = 8;

#[tokio::main]
async fn main() {
    println!("{WRITERS} writers; the primary is killed, the standby promoted at once");
    println!("{:>4}  {:>22}  {:>12}  {:>14}", "run", "longest pause (ms)", "of that: pg_promote (ms)", "writes");
    for run in 1..=RUNS {
        let (pause, promotion, writes) = fail_over().await;
        println!("{run:>4}  {:>22}  {:>24}  {writes:>14}", pause.as_millis(), promotion.as_millis());
    }
}

fn server() -> ClusterBuilder {
    Cluster::builder().tcp().restarts().setting("synchronous_commit", "on")
}

/// The longest pause of a writer, how long the promotion took, and how many writes there were.
async fn fail_over() -> (Duration, Duration, usize) {
    let primary = server().start().await.unwrap();
    let database = primary.empty_database().await.unwrap();
    let registry = Registry::collect().unwrap();
    let admin = database.admin().await.unwrap();
    TenantMigrator::new(&registry).unwrap().up(&admin, None).await.unwrap();
    admin.close().await.unwrap();
    let standby = server().standby_of(&primary).start().await.unwrap();
    let role = RoleNames::default().app().as_str().to_owned();
    let [one, other] = [&primary, &standby].map(|cluster| cluster.tcp_url(&role, database.name()).unwrap());
    let hosts = [&one, &other].map(|url| url.split(['@', '/']).nth(3).unwrap().to_owned());
    let tenants = TenantDatabase::builder(one.clone()).hosts(hosts).max_connections(8).build().await.unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (1..=WRITERS)
        .map(|number| {
            let db = tenants.connect(TenantContext::new(TenantId::new(Uuid::from_u128(number))));
            tokio::spawn(write(db, Arc::clone(&stop)))
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    primary.kill().unwrap();
    let postgres = sea_orm::Database::connect(standby.superuser_url("postgres")).await.unwrap();
    let start = Instant::now();
    postgres.execute_unprepared("SELECT pg_promote()").await.unwrap();
    let promotion = start.elapsed();
    tokio::time::sleep(Duration::from_secs(3)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut pause, mut writes) = (Duration::ZERO, 0);
    for writer in writers {
        let moments = writer.await.unwrap();
        let longest = moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
        pause = pause.max(longest);
        writes += moments.len();
    }
    (pause, promotion, writes)
}

/// Writes until told to stop; the moments at which something was written.
async fn write(db: TenantConnection, stop: Arc<AtomicBool>) -> Vec<Instant> {
    let mut moments = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let id = Uuid::now_v7();
        let molecule = molecule::ActiveModel {
            id: Set(id),
            external_ref: Set(id.to_string()),
            name: Set("written".to_owned()),
            molecule_type: Set("Small molecule".to_owned()),
            ..Default::default()
        };
        if molecule::Entity::insert(molecule).exec_without_returning(&db).await.is_ok() {
            moments.push(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    moments
}
