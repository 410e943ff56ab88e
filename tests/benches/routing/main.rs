//! What finding an organisation's database costs, and how soon a change of the catalog arrives.
//!
//! One server; a catalog of 10 organisations and one of 100,000, both of which send everybody to the same database. Arms are
//! interleaved in one process and reported as ratios of medians. Memory is the process's resident set, asked of the kernel; the
//! servers are processes of their own. `BENCH_ORGANIZATIONS` is the larger number.

mod arrival;
mod start;
mod warm;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tenant_core::{GivenUrls, PostgresCatalog, Registry, TenantId, TenantRouter, TenantRouterBuilder};
use tenant_migration::catalog::CatalogMigrator;
use tenant_migration::{RoleNames, TenantMigrator};
use tenant_testkit::{Cluster, Database};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error>;

const FEW: u32 = 10;

/// One server with a database of tenants and two catalogs.
struct Scene {
    tenants: Database,
    few: Database,
    many: Database,
    number: u32,
}

impl Scene {
    async fn new() -> Result<Self, Failure> {
        let number = std::env::var("BENCH_ORGANIZATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
        let cluster = Cluster::builder().start().await?;
        let tenants = cluster.empty_database().await?;
        let admin = tenants.admin().await?;
        TenantMigrator::new(&Registry::collect()?)?.up(&admin, None).await?;
        let molecules = format!(
            "INSERT INTO molecules (id, organization_id, external_ref, name, molecule_type)
             SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(m), 12, '0'))::uuid, {}, 'REF-' || m, 'name', 'Small molecule'
             FROM generate_series(1, {FEW}) AS o, generate_series(1, 100) AS m",
            id_of("o")
        );
        admin.execute_unprepared(&molecules).await?;
        admin.execute_unprepared("ANALYZE molecules").await?;
        admin.close().await?;
        let (few, many) = (catalog(&cluster, FEW).await?, catalog(&cluster, number).await?);
        Ok(Self { tenants, few, many, number })
    }

    fn router(&self, catalog: &Database) -> Result<TenantRouterBuilder, Failure> {
        let url = self.tenants.url(RoleNames::default().app().as_str());
        let urls: GivenUrls = [("eu".parse()?, url)].into_iter().collect();
        let catalog = PostgresCatalog::new(&catalog.url("tenancy_router"))?;
        Ok(TenantRouter::builder(catalog).registry(Registry::collect()?).urls(urls))
    }
}

/// The id of the organisation of a number, in SQL.
fn id_of(number: &str) -> String {
    format!("('00000000-0000-0000-0000-' || lpad(to_hex({number}), 12, '0'))::uuid")
}

fn tenant(number: u32) -> TenantId {
    TenantId::new(Uuid::from_u128(u128::from(number)))
}

async fn catalog(cluster: &Cluster, organizations: u32) -> Result<Database, Failure> {
    let database = cluster.empty_database().await?;
    let admin: DatabaseConnection = database.admin().await?;
    CatalogMigrator::default().up(&admin).await?;
    let id = id_of("n");
    for sql in [
        "INSERT INTO tenancy_catalog.placements (name, kind) VALUES ('eu', 'shared')".to_owned(),
        format!(
            "INSERT INTO tenancy_catalog.organizations (id, name, tier, status, placement)
             SELECT {id}, 'n' || n, 'small', 'active', 'eu' FROM generate_series(1, {organizations}) AS n"
        ),
        "ANALYZE tenancy_catalog.organizations".to_owned(),
    ] {
        admin.execute_unprepared(&sql).await?;
    }
    admin.close().await?;
    Ok(database)
}

fn verdict(is_met: bool) -> &'static str {
    if is_met { "met" } else { "not met" }
}

fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let scene = Scene::new().await?;
    start::measure(&scene).await?;
    warm::measure(&scene).await?;
    arrival::measure(&scene).await
}
