//! Many empty databases on one server, deployed a few at a time.

use std::time::Instant;

use futures_util::{StreamExt, TryStreamExt, stream};
use tenant_core::Registry;
use tenant_migration::TenantMigrator;
use tenant_testkit::{Cluster, Database};

// A model counts only when its crate is linked.
use entities as _;

use crate::{Failure, verdict};

const DATABASES: usize = 50;
const AT_ONCE: usize = 4;

/// Seconds that a database may take, on average.
const TARGET: f64 = 0.3;

pub(crate) async fn measure() -> Result<(), Failure> {
    let cluster = Cluster::builder().start().await?;
    let mut databases = Vec::new();
    for _ in 0..DATABASES {
        databases.push(cluster.empty_database().await?);
    }
    println!(
        "{DATABASES} databases on one server, {AT_ONCE} at a time, with the sample's {} tables",
        Registry::collect()?.tables().count()
    );
    for what in ["first `up`", "`up` that finds nothing to do"] {
        let begun = Instant::now();
        let deploys = stream::iter(databases.iter().map(deploy)).buffer_unordered(AT_ONCE);
        deploys.try_collect::<()>().await?;
        let each = begun.elapsed().as_secs_f64() / DATABASES as f64;
        println!("  {each:>6.2} s  at most {TARGET} s: {:<8}  {what}, each", verdict(each <= TARGET));
    }
    println!();
    Ok(())
}

async fn deploy(database: &Database) -> Result<(), Failure> {
    let admin = database.admin().await?;
    TenantMigrator::new(&Registry::collect()?)?.up(&admin, None).await?;
    Ok(admin.close().await?)
}
