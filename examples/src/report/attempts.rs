//! Attempts to cross from one organisation to another.

use anyhow::Result;

use super::lines::{abridged, say, table};
use crate::attempts::{self, Outcome, Scene};
use crate::{SampleOrganization, Stage};

/// Tries to cross from the first organisation to the second, shows what stopped each attempt, and says whether all
/// were stopped.
///
/// # Errors
/// A database error outside the attempts themselves.
pub async fn attempts(stage: &Stage, organizations: &[SampleOrganization]) -> Result<bool> {
    let [attacker, victim, ..] = organizations else { anyhow::bail!("two organisations are needed") };
    let scene = Scene::set(attacker.clone(), victim.clone(), stage.application_url()).await?;
    let attempts = attempts::all(&scene).await?;
    let mut table = table(&["attempt", "how", "stopped by", "saying"]);
    for attempt in &attempts {
        let (by, saying) = match &attempt.outcome {
            Outcome::Stopped { by, saying } => (by.to_string(), saying.clone()),
            Outcome::Crossed(how) => ("NOTHING".to_owned(), how.clone()),
            Outcome::Unclear(failure) => ("UNCLEAR".to_owned(), failure.clone()),
        };
        table.add_row([attempt.goal.to_owned(), attempt.means.to_owned(), by, abridged(&saying)]);
    }
    say(format_args!("\n{} tries to reach {}:\n{table}", attacker.name, victim.name))?;
    let stopped = attempts.iter().filter(|attempt| attempt.outcome.is_stopped()).count();
    say(format_args!("{stopped} of {} attempts were stopped.", attempts.len()))?;
    Ok(stopped == attempts.len())
}
