//! How a run goes on, to whoever sits at the terminal.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::progress::{Event, Lines, Observer, how_far, line};

/// The bar's steps: shares are told in tenths of a percent.
const STEPS: f64 = 1000.0;

/// A line for each change. One that takes long has a bar on a terminal, else a line every ten seconds.
#[derive(Debug)]
pub(super) struct Terminal {
    has_bar: bool,
    lines: Lines,
    bar: Mutex<Option<ProgressBar>>,
}

impl Terminal {
    /// Without a bar where that of a fleet is shown.
    pub(super) fn new(bar: bool) -> Self {
        let has_bar = bar && std::io::stderr().is_terminal();
        Self { has_bar, lines: Lines::default(), bar: Mutex::default() }
    }
}

impl Observer for Terminal {
    fn notice(&self, event: &Event<'_>) {
        match *event {
            // What is printed can be a plan for a file or a program; this is for whoever waits.
            Event::Waiting { .. } => eprintln!("{}", line(event).unwrap_or_default()),
            Event::Working { share, .. } if self.has_bar => {
                let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
                let bar = bar.get_or_insert_with(ProgressBar::no_length);
                // The line before it has the change's name.
                show(bar, share, how_far(event).unwrap_or_default());
            }
            _ => {
                if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    bar.finish_and_clear();
                }
                self.lines.notice(event);
            }
        }
    }
}

fn show(bar: &ProgressBar, share: Option<f64>, message: String) {
    let template = if share.is_some() { "{spinner} {wide_msg} {bar:20}" } else { "{spinner} {wide_msg}" };
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_length(STEPS as u64);
    bar.set_position((share.unwrap_or_default().clamp(0.0, 1.0) * STEPS) as u64);
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(200));
}
