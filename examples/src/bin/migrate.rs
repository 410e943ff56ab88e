//! The deploy binary: `cargo run -p examples -- up`, or `sea-orm-cli migrate up -d examples`.

use std::process::ExitCode;

use tenant_migration::cli;

#[tokio::main]
async fn main() -> ExitCode {
    cli::run(|| Ok(examples::migrator()?)).await
}
