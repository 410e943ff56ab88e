//! What came of a command, for each database.

use std::time::Duration;

use super::fleet::Fleet;
use super::outcome::{Outcome, Verdict};
use crate::database_url::Place;

/// What came of a command, for each database of a fleet, in the fleet's order. Its `Display` is for people, with those that
/// failed last; [`FleetReport::to_json`] is for programs.
#[derive(Clone, Debug)]
pub struct FleetReport {
    command: String,
    members: Vec<MemberReport>,
}

/// What came of a command for one database.
#[derive(Clone, Debug)]
pub struct MemberReport {
    name: String,
    place: Option<Place>,
    ending: Ending,
    duration: Duration,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// Not yet: it waits, or runs.
    Unfinished,
    /// At its end.
    Done(Outcome),
    /// With an error.
    Failed(String),
}

impl Ending {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unfinished => "unfinished",
            Self::Done(outcome) => outcome.verdict.as_str(),
            Self::Failed(_) => "failed",
        }
    }

    /// Whether the database is as it should be, whether it was before or has become so.
    #[must_use]
    pub const fn is_well(&self) -> bool {
        matches!(self, Self::Done(Outcome { verdict: Verdict::Ok | Verdict::Changed, .. }))
    }

    const fn fails(&self) -> bool {
        !self.is_well() && !self.differs()
    }

    const fn differs(&self) -> bool {
        matches!(self, Self::Done(Outcome { verdict: Verdict::Differs, .. }))
    }
}

impl MemberReport {
    /// The database's name in the fleet.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is, if that is known.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// How its job ended.
    #[must_use]
    pub const fn ending(&self) -> &Ending {
        &self.ending
    }

    /// How long its job took.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.duration
    }
}

impl FleetReport {
    /// That of a `command` that has not begun.
    #[must_use]
    pub fn unfinished(command: &str, fleet: &Fleet) -> Self {
        let members = fleet.members().iter().map(|member| MemberReport {
            name: member.name().to_owned(),
            place: Some(member.url().place().clone()),
            ending: Ending::Unfinished,
            duration: Duration::ZERO,
        });
        // Behind the others, whose positions are those of the fleet's members.
        let lost = fleet.lost().iter().map(|lost| MemberReport {
            name: lost.name().to_owned(),
            place: None,
            ending: Ending::Failed(lost.reason().to_owned()),
            duration: Duration::ZERO,
        });
        Self { command: command.to_owned(), members: members.chain(lost).collect() }
    }

    /// Writes down how the job of the member at `position` ended.
    pub(super) fn end(&mut self, position: usize, ending: Ending, duration: Duration) {
        let member = &mut self.members[position];
        (member.ending, member.duration) = (ending, duration);
    }

    /// The command that was run.
    #[must_use]
    pub fn command(&self) -> &str {
        &self.command
    }

    /// All databases.
    #[must_use]
    pub fn members(&self) -> &[MemberReport] {
        &self.members
    }

    /// Those that are not as they should be, or of which it isn't known.
    pub fn not_well(&self) -> impl Iterator<Item = &MemberReport> {
        self.members.iter().filter(|member| !member.ending.is_well())
    }

    /// Whether a job failed, found errors, or didn't come to its end.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.members.iter().any(|member| member.ending.fails())
    }

    /// Whether a database was only looked at and is not what it should be.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.members.iter().any(|member| member.ending.differs())
    }

    /// How many databases have each ending, by its name, without those that none has.
    pub(super) fn counts(&self) -> Vec<(&'static str, usize)> {
        let of = |name| self.members.iter().filter(|member| member.ending.as_str() == name).count();
        let names = ["ok", "changed", "differs", "findings", "failed", "unfinished"];
        names.into_iter().map(|name| (name, of(name))).filter(|(_, count)| *count > 0).collect()
    }
}
