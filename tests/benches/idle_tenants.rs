//! What a tenant costs that does nothing: connections, and bytes of this process.
//!
//! Ten thousand tenants run a statement each. Bytes are counted by the allocator, which slows everything down, so that no time
//! is measured here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use entities::molecule;
use sea_orm::EntityTrait;
use tenant_core::{Registry, TenantConnection, TenantContext, TenantDatabase, TenantId};
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::Cluster;
use tokio::task::JoinSet;
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const TENANTS: u128 = 10_000;
const CONNECTIONS: u32 = 8;
const TASKS: usize = 16;

/// Bytes an idle tenant.
const TARGET: f64 = 300.0;

type Failure = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let cluster = Cluster::builder().start().await?;
    let database = cluster.empty_database().await?;
    let registry = Registry::collect()?;
    let admin = database.admin().await?;
    TenantMigrator::new(&registry)?.up(&admin, None).await?;
    let url = database.url(RoleNames::default().app().as_str());
    let pool = TenantDatabase::builder(url).registry(registry).max_connections(CONNECTIONS).build().await?;

    // One tenant first, so that the connections are there with all that they keep.
    let one = TenantId::new(Uuid::from_u128(1));
    all_run(&pool, vec![one; 1000]).await?;
    println!("{TASKS} tasks on at most {CONNECTIONS} connections, one statement a tenant");
    print_connections(&pool, "1 tenant");

    let _profiler = dhat::Profiler::builder().testing().build();
    // The allocator's own first steps, and those of the tasks.
    all_run(&pool, vec![one; 1000]).await?;
    let tenants: Vec<_> = (1..=TENANTS).map(|number| TenantId::new(Uuid::from_u128(number))).collect();
    let before = live();
    let connections = all_run(&pool, tenants).await?;
    print_connections(&pool, "10,000 tenants");
    println!("\nbytes an idle tenant, at most {TARGET}");
    let remembered = || pool.pool_statistics().remembered_tenants;
    let print = |what: &str| {
        let each = (live() - before) / TENANTS as f64;
        let verdict = if each <= TARGET { "met" } else { "not met" };
        println!("  {each:>6.1}  {verdict:<7}  {what}; the pool remembers {}", remembered());
    };
    print("just idle, its connection kept");
    // What was remembered for the sake of fairness is forgotten when nobody has waited for some seconds.
    for _ in 0..100 {
        if remembered() > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    print("idle for some seconds, its connection kept");
    drop(connections);
    print("idle for some seconds, its connection dropped");
    println!("  a `TenantConnection` itself is {}", size_of::<TenantConnection>());
    Ok(())
}

/// Each tenant runs a statement. Gives what they ran it on.
async fn all_run(pool: &TenantDatabase, tenants: Vec<TenantId>) -> Result<Vec<TenantConnection>, Failure> {
    let (next, tenants) = (Arc::new(AtomicUsize::new(0)), Arc::new(tenants));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (next, tenants, pool) = (Arc::clone(&next), Arc::clone(&tenants), pool.clone());
        tasks.spawn(async move {
            let mut used = Vec::new();
            while let Some(tenant) = tenants.get(next.fetch_add(1, Ordering::Relaxed)) {
                let connection = pool.connect(TenantContext::new(*tenant));
                molecule::Entity::find_by_id(Uuid::nil()).one(&connection).await?;
                used.push(connection);
            }
            Ok::<_, sea_orm::DbErr>(used)
        });
    }
    let mut all = Vec::with_capacity(tenants.len());
    while let Some(used) = tasks.join_next().await {
        all.extend(used??);
    }
    Ok(all)
}

fn print_connections(pool: &TenantDatabase, whose: &str) {
    let statistics = pool.pool_statistics();
    println!("  {} connections opened, {} open, after {whose}", statistics.counts.opened, statistics.open);
}

/// Bytes in use that were taken since counting began.
fn live() -> f64 {
    dhat::HeapStats::get().curr_bytes as f64
}
