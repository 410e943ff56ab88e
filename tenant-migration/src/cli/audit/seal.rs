//! `migrate audit seal`: once, or again and again.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use sqlx::Connection;

use super::keys::SecretKey;
use crate::audit::{Anchor, Sealer, Sealing};
use crate::cli::connection::{self, Target};
use crate::cli::error::CliError;
use crate::cli::run::print;
use crate::cli::terminal::Terminal;

/// What `audit seal` is told.
#[derive(Debug, Args)]
pub(in crate::cli) struct SealArguments {
    #[command(flatten)]
    key: SecretKey,

    /// Add a line for each seal to this file, which is kept where nobody with the database can change it
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,

    /// Run on and seal so often, such as 500ms, 10s or 5m, until told to end (SIGTERM, ctrl-c)
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    every: Option<Duration>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| "a number and a unit are expected, such as 10s".to_owned())?;
    let milliseconds = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        unit => return Err(format!("`{unit}` is no unit: it is ms, s, m or h")),
    };
    match number.checked_mul(milliseconds) {
        Some(milliseconds) if milliseconds > 0 => Ok(Duration::from_millis(milliseconds)),
        _ => Err("it must be more than nothing, and less than for ever".to_owned()),
    }
}

/// Seals, and says what it did.
pub(super) async fn seal(arguments: &SealArguments, target: Target<'_>) -> Result<ExitCode, CliError> {
    let sealer = Sealer::new(arguments.key.read()?).observer(Arc::new(Terminal::new(false)));
    let sealer = match &arguments.anchor {
        Some(file) => sealer.anchor(Anchor::at(file)),
        None => sealer,
    };
    // From now on: what comes while it seals ends it after that.
    let mut ended = std::pin::pin!(told_to_end()?);
    let (mut connection, _) = connection::look(target).await?;
    loop {
        let sealing = sealer.seal(&mut connection).await?;
        if arguments.every.is_none() || sealing.seal.is_some() || sealing.lag.held_by.is_some() {
            print(&said(&sealing));
        }
        let Some(pause) = arguments.every else { break };
        tokio::select! {
            biased;
            () = &mut ended => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    // All that was wanted has been done.
    drop(connection.close().await);
    Ok(ExitCode::SUCCESS)
}

fn said(sealing: &Sealing) -> String {
    let sealed = sealing.seal.as_ref().map_or_else(
        || "nothing new to seal".to_owned(),
        |seal| format!("seal {}: {} entries in {} batches", seal.number(), seal.entries(), seal.batches()),
    );
    format!("{sealed}; {}\n", sealing.lag)
}

/// Comes when the process is told to end.
fn told_to_end() -> Result<impl Future<Output = ()>, CliError> {
    let failed = |error: std::io::Error| CliError::Signals { reason: error.to_string() };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};

        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    {
        let _ = failed;
        Ok(async { drop(tokio::signal::ctrl_c().await) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        for (text, milliseconds) in [("500ms", 500), ("10s", 10_000), ("5m", 300_000), ("2h", 7_200_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "10", "s", "0s", "1d", "-1s", "18446744073709551615h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
