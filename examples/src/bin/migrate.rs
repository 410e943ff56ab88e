//! The deploy binary: `cargo run -p examples -- up`, or `sea-orm-cli migrate up -d examples`.

use std::process::ExitCode;

// A model counts only when its crate is linked.
use entities as _;
use tenant_core::Registry;
use tenant_migration::{TenantMigrator, cli};

#[tokio::main]
async fn main() -> ExitCode {
    cli::run(|| Ok(TenantMigrator::new(&Registry::collect()?)?)).await
}
