//! How soon a change of the catalog is known.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;
use tenant_core::{RoutingError, TenantContext, TenantRouter};

use crate::{Failure, Scene, quantile, tenant, verdict};

const CHANGES: u32 = 200;

pub(crate) async fn measure(scene: &Scene) -> Result<(), Failure> {
    let router = scene.router(&scene.many)?.build().await?;
    let admin = scene.many.admin().await?;
    let context = TenantContext::new(tenant(7));
    router.connect(context.clone()).await?;
    let mut times = Vec::new();
    for change in 0..CHANGES {
        let status = if change % 2 == 0 { "suspended" } else { "active" };
        let sql = format!("UPDATE tenancy_catalog.organizations SET status = '{status}' WHERE name = 'n7'");
        admin.execute_unprepared(&sql).await?;
        // From the commit on.
        let begun = Instant::now();
        while is_suspended(&router, &context).await? != (change % 2 == 0) {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let allowed = TenantRouter::ARRIVES_WITHIN.as_secs_f64() * 1e3;
    let (median, p99) = (quantile(times.clone(), 0.5), quantile(times, 0.99));
    println!("a change of the catalog, from its commit until statements follow it");
    println!("  {median:.1} ms, p99 {p99:.1} ms, at most {allowed}: {}", verdict(p99 <= allowed));
    router.close().await;
    Ok(())
}

async fn is_suspended(router: &TenantRouter, context: &TenantContext) -> Result<bool, Failure> {
    match router.connect(context.clone()).await {
        Ok(_) => Ok(false),
        Err(RoutingError::Suspended { .. }) => Ok(true),
        Err(other) => Err(other.into()),
    }
}
