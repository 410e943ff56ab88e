//! What a run says while it works.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::database_url::Place;

/// Is told how a run goes on, on the task that runs it: what takes long there holds the run up.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Something happened, or goes on.
    fn notice(&self, event: &Event<'_>);
}

/// What is said of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another deploy of the database runs, and is waited for.
    #[non_exhaustive]
    Waiting {
        /// Where the database is.
        place: &'a Place,
        /// Its session, if it was seen.
        holder: Option<&'a str>,
    },
    /// What is left as it is, and why.
    #[non_exhaustive]
    Note {
        /// In a line.
        text: &'a str,
    },
    /// A change begins.
    #[non_exhaustive]
    Begun {
        /// What it is about.
        change: &'a str,
    },
    /// A lock did not come in time, or rows may have gone while they were looked at; the change is tried again after a pause.
    #[non_exhaustive]
    Busy {
        /// What it is about.
        change: &'a str,
        /// The pause.
        pause: Duration,
        /// The sessions that have the lock, if they were seen.
        blockers: Option<&'a str>,
    },
    /// A change takes longer than a second: said each second.
    #[non_exhaustive]
    Working {
        /// What it is about.
        change: &'a str,
        /// For how long it has worked.
        elapsed: Duration,
        /// What the server is at, as it calls it, where it says so: while it builds an index.
        phase: Option<&'a str>,
        /// How much of the phase is done, of 1.
        share: Option<f64>,
        /// The sessions that it waits for.
        blockers: Option<&'a str>,
    },
    /// A change is over, made or not.
    #[non_exhaustive]
    Ended {
        /// What it is about.
        change: &'a str,
    },
}

/// A line of `tracing` for each change, and one every ten seconds for one that takes long.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// How many times ten seconds the change under way has taken.
    told: AtomicU64,
}

impl Observer for Lines {
    fn notice(&self, event: &Event<'_>) {
        match *event {
            Event::Begun { .. } => self.told.store(0, Ordering::Relaxed),
            Event::Working { elapsed, .. } => {
                let tens = elapsed.as_secs() / 10;
                if self.told.swap(tens, Ordering::Relaxed) >= tens {
                    return;
                }
            }
            _ => {}
        }
        if let Some(line) = line(event) {
            tracing::info!("{line}");
        }
    }
}

/// An event in words; the end of a change needs none.
pub(crate) fn line(event: &Event<'_>) -> Option<String> {
    let held = |blockers: Option<&str>| blockers.map(|who| format!(" (held by {who})")).unwrap_or_default();
    Some(match *event {
        Event::Waiting { place, holder } => {
            format!("another deploy of {place} runs ({}): waiting for it", holder.unwrap_or("just ending"))
        }
        Event::Note { text } => text.to_owned(),
        Event::Begun { change } => change.to_owned(),
        Event::Busy { change, pause, blockers } => {
            format!("{change}: the table is busy{}, tried again in {:.1} s", held(blockers), pause.as_secs_f64())
        }
        Event::Working { change, .. } => format!("{change}: {}", how_far(event)?),
        Event::Ended { .. } => return None,
    })
}

/// How far a change is, without its name.
pub(crate) fn how_far(event: &Event<'_>) -> Option<String> {
    let Event::Working { elapsed, phase, share, blockers, .. } = *event else { return None };
    let phase = phase.map(|phase| format!(", {phase}")).unwrap_or_default();
    let share = share.map(|share| format!(" ({:.0} %)", share * 100.0)).unwrap_or_default();
    let blockers = blockers.map(|who| format!(", waits for {who}")).unwrap_or_default();
    Some(format!("{} s{phase}{share}{blockers}", elapsed.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_that_reads_on_its_own() {
        let working = Event::Working {
            change: "table public.jobs: index jobs_state_idx",
            elapsed: Duration::from_millis(20_400),
            phase: Some("building index: scanning table"),
            share: Some(0.256),
            blockers: None,
        };
        assert_eq!(
            line(&working).as_deref(),
            Some("table public.jobs: index jobs_state_idx: 20 s, building index: scanning table (26 %)")
        );
        let busy =
            Event::Busy { change: "x", pause: Duration::from_millis(2500), blockers: Some("process 7 of role y") };
        assert_eq!(
            line(&busy).as_deref(),
            Some("x: the table is busy (held by process 7 of role y), tried again in 2.5 s")
        );
    }
}
