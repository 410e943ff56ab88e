//! The deploy binary: `cargo run -- up`, or `sea-orm-cli migrate up -d examples`.

use std::process::ExitCode;

// A model counts only when its crate is linked.
use entities as _;
use tenant_core::Registry;
use tenant_migration::{TenantMigrator, cli};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let migrator = TenantMigrator::new(&Registry::collect()?)?;
    Ok(cli::run(migrator).await)
}
