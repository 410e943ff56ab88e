//! `migrate tenant move`: an organisation goes to another placement.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use indicatif::{HumanBytes, ProgressBar};
use tenant_core::{PlacementName, Transport};

use super::arguments::Format;
use super::listing::list;
use crate::catalog::{CatalogEditor, DeployUrls, Outcome, TenantName, Wish};
use crate::cli::error::CliError;
use crate::cli::run::print;
use crate::migrator::TenantMigrator;
use crate::relocation::{Method, MoveEvent, MoveObserver, MoveRequest, Mover, Pace, Rest};

#[derive(Debug, Args)]
pub(super) struct MoveArguments {
    /// Its identifier or name
    tenant: TenantName,

    #[command(flatten)]
    what: What,

    /// Have its statements wait for as long as its rows are copied, also where the server's log could be followed
    #[arg(long, requires = "to", conflicts_with = "online")]
    offline: bool,

    /// Refuse to move it where its statements would have to wait for as long as its rows are copied
    #[arg(long, requires = "to")]
    online: bool,

    /// For how many milliseconds the organisation's open transactions are waited for at once, with all later ones behind them
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    lock_timeout: u64,

    /// For how many seconds transactions that began before are waited for, which holds nobody up
    #[arg(long, value_name = "S", default_value_t = 3_600, value_parser = clap::value_parser!(u64).range(1..=604_800))]
    wait: u64,

    /// How it is printed; as JSON, a line for each event
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Move it to this placement; the same command again goes on with a move that was cut short
    #[arg(long, value_name = "PLACEMENT")]
    to: Option<PlacementName>,

    /// Show its moves
    #[arg(long)]
    status: bool,

    /// Have the process that moves it stop before its next stage
    #[arg(long)]
    pause: bool,

    /// Go on with a move that was paused or cut short
    #[arg(long)]
    resume: bool,

    /// Give its move up, before the switch: it lives on where it lived
    #[arg(long)]
    abort: bool,
}

/// Does what `how` says.
pub(super) async fn relocate(
    migrator: &TenantMigrator,
    mut catalog: CatalogEditor,
    how: &MoveArguments,
    transport: Transport,
) -> Result<ExitCode, CliError> {
    let urls = DeployUrls::from_environment().over(transport);
    let what = &how.what;
    if what.status {
        let tenant = catalog.organization(&how.tenant).await?.id;
        list(&catalog.moves(Some(tenant), false).await?, how.format);
        catalog.close().await;
        return Ok(ExitCode::SUCCESS);
    }
    let mut mover = match &what.to {
        Some(target) => {
            let method = match how {
                MoveArguments { offline: true, .. } => Method::Waiting,
                MoveArguments { online: true, .. } => Method::Following,
                _ => Method::default(),
            };
            let request = MoveRequest { tenant: how.tenant.clone(), target: target.clone(), method };
            Mover::begin(migrator, catalog, &urls, &request).await?
        }
        None => Mover::resume(migrator, catalog, &urls, &how.tenant).await?,
    };
    let wish = match what {
        What { pause: true, .. } => Wish::Pause,
        What { abort: true, .. } => Wish::Abort,
        _ => Wish::Run,
    };
    mover.wish(wish).await?;
    if wish == Wish::Pause {
        eprintln!(
            "the process that moves it stops before its next stage; `migrate tenant move {} --resume` goes on",
            how.tenant
        );
        return Ok(ExitCode::SUCCESS);
    }
    let pace = Pace { lock_timeout: Duration::from_millis(how.lock_timeout), patience: Duration::from_secs(how.wait) };
    let teller: Arc<dyn MoveObserver> = match how.format {
        Format::Json => Arc::new(JsonLines),
        Format::Text => Arc::new(Progress::default()),
    };
    let mut mover = mover.pace(pace).observer(teller);
    match mover.run().await? {
        Rest::Paused => eprintln!("paused; `migrate tenant move {} --resume` goes on", how.tenant),
        Rest::Ended(Outcome::Moved) => eprintln!("it lives in `{}` now", mover.record().target),
        Rest::Ended(Outcome::Aborted) => eprintln!("given up; it lives in `{}` as before", mover.record().source),
    }
    Ok(ExitCode::SUCCESS)
}

/// A line of JSON on stdout for each event.
#[derive(Debug)]
struct JsonLines;

impl MoveObserver for JsonLines {
    fn notice(&self, event: &MoveEvent) {
        if let Ok(line) = serde_json::to_string(event) {
            print(&format!("{line}\n"));
        }
    }
}

/// A line on stderr for each event; what is being copied is shown as it comes where somebody looks.
#[derive(Debug, Default)]
struct Progress {
    bar: Mutex<Option<ProgressBar>>,
}

impl MoveObserver for Progress {
    fn notice(&self, event: &MoveEvent) {
        let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let MoveEvent::Copying { table, bytes, rows: None, rate } = event {
            if std::io::stderr().is_terminal() {
                let bar = bar.get_or_insert_with(ProgressBar::new_spinner);
                bar.set_message(format!("{table}: {}, {} a second", HumanBytes(*bytes), HumanBytes(*rate)));
                bar.tick();
            }
            return;
        }
        if let Some(bar) = bar.take() {
            bar.finish_and_clear();
        }
        eprintln!("{}", line(event));
    }
}

fn line(event: &MoveEvent) -> String {
    match event {
        MoveEvent::Stage { stage } => format!("{stage}:"),
        MoveEvent::Copying { table, bytes, rows, rate } => {
            let rows = rows.unwrap_or_default();
            format!("  {table}: {rows} rows, {}, {} a second", HumanBytes(*bytes), HumanBytes(*rate))
        }
        MoveEvent::Waiting { blockers } => format!("  waiting for the end of {}", blockers.join(", ")),
        MoveEvent::Followed { transactions, changes, ms } => {
            format!("  {transactions} transactions with {changes} changes followed in {ms} ms")
        }
        MoveEvent::ComparedChanged { rows } => format!("  {rows} rows that changed since are alike in both"),
        MoveEvent::Compared { tables, rows } => format!("  {rows} rows of {tables} tables are alike in both"),
        MoveEvent::Switched { pause_ms: Some(pause) } => format!("  switched; its statements waited for {pause} ms"),
        MoveEvent::Switched { pause_ms: None } => "  switched".to_owned(),
        MoveEvent::Removed { table, rows } => format!("  {table}: {rows} rows removed from the home that was left"),
        MoveEvent::Ended { outcome } => format!("ended: {outcome}"),
    }
}
