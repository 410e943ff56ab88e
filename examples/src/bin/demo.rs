//! The main job, from nothing: start PostgreSQL, migrate, load real molecules for several organisations, try to cross from one to
//! another, read the log of that, find who changed it, give one organisation a database of its own behind the same router, and
//! have it move while it writes. The exit
//! status is not 0 if any attempt succeeds, or the change isn't found.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use examples::report::{self, say};
use examples::{Drug, Estate, Ligand, SealedLog, Stage};

/// Real organisations' molecules stay apart: see it happen.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// A migrated database, as the application's role; without it the demonstration starts a PostgreSQL of its own.
    #[arg(short = 'u', long)]
    database_url: Option<String>,
    /// The approved drugs, as CSV.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data/chembl_approved_drugs.csv"))]
    molecules: PathBuf,
    /// The CDK2 ligands, as CSV.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data/cdk2_ligands.csv"))]
    ligands: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        // Nobody listens any more: no message either.
        Err(failure) if is_broken_pipe(&failure) => ExitCode::from(2),
        Err(failure) => {
            eprintln!("error: {failure:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(failure: &anyhow::Error) -> bool {
    failure.downcast_ref().is_some_and(|failure: &std::io::Error| failure.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Whether isolation held, and the log told who changed it.
async fn run(options: Options) -> Result<bool> {
    let started = Instant::now();
    // Both files are read whole before anything is written: a malformed one leaves nothing half-loaded.
    let drugs = Drug::read(&options.molecules)?;
    let ligands = Ligand::read(&options.ligands)?;
    say(format_args!("Read {} drugs and {} ligands.", drugs.len(), ligands.len()))?;
    let stage = match options.database_url {
        Some(url) => Stage::existing(url).await?,
        None => Stage::throw_away().await?,
    };
    say(&stage)?;
    let organizations = stage.organizations().await.context("creating the organisations")?;
    report::load(&organizations, &drugs, &ligands).await.context("loading the molecules")?;
    report::views(&organizations).await.context("reading each organisation's view")?;
    report::stamped_insert(&organizations[0]).await.context("inserting a molecule")?;
    let mut held = report::attempts(&stage, &organizations).await.context("trying to cross over")?;
    let shown = report::access_log(&stage, &organizations[0]).await.context("reading the access log")?;
    // A given database's log is not for the demonstration to change, nor its server to make databases on.
    if let Some((cluster, database)) = stage.own() {
        let log = SealedLog::of(database)?;
        held &= report::sealed_log(&log, &shown).await.context("sealing the access log")?;
        let estate = Estate::found(cluster, database, stage.application_url()).await?;
        held &= report::estate(&estate, &organizations, &drugs).await.context("serving several databases")?;
    }
    say(format_args!("\nDone in {:.1} s.", started.elapsed().as_secs_f64()))?;
    Ok(held)
}
