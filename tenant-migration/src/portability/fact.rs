//! What is known of a server, and from where.

use std::fmt;
use std::str::FromStr;

/// Every fact, one a line: mechanism, server, verdict, isolation, statement, source.
const FACTS: &str = include_str!("facts.tsv");

/// Whether a server has a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As on PostgreSQL.
    Holds,
    /// There is something else in its place.
    OtherShape,
    /// There is nothing in its place.
    Lost,
    /// No source says so, either way.
    Unknown,
}

impl Verdict {
    const ALL: [Self; 4] = [Self::Holds, Self::OtherShape, Self::Lost, Self::Unknown];

    /// One or two words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::OtherShape => "other shape",
            Self::Lost => "lost",
            Self::Unknown => "not known",
        }
    }
}

/// What it means for the second wall, as this release makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// Nothing, or nothing bad.
    Kept,
    /// It has to be shown first.
    Unproven,
    /// The wall stands, and lets nothing through: programs do not work.
    Closed,
    /// There is no wall.
    Absent,
}

impl Isolation {
    const ALL: [Self; 4] = [Self::Kept, Self::Unproven, Self::Closed, Self::Absent];

    /// One word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Unproven => "unproven",
            Self::Closed => "closed",
            Self::Absent => "absent",
        }
    }

    /// What follows from the worst of all.
    #[must_use]
    pub const fn conclusion(self) -> &'static str {
        match self {
            Self::Kept => "both walls stand",
            Self::Unproven => {
                "the second wall is not shown to stand: do not run before every test of this project has run there"
            }
            Self::Closed => {
                "the second wall refuses everything that programs of this release send: they do not work there"
            }
            Self::Absent => "the second wall is absent: do not run",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One statement about a mechanism on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fact {
    /// The mechanism's id.
    pub mechanism: &'static str,
    /// The server's id.
    pub server: &'static str,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What that means for isolation.
    pub isolation: Isolation,
    /// What is so.
    pub statement: &'static str,
    /// The page, with its version or date.
    pub source: &'static str,
}

/// All that are known, and the lines that are none: there is no such line, which a test sees to.
pub fn facts() -> impl Iterator<Item = Result<Fact, &'static str>> {
    let lines = FACTS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| parse(line).ok_or(line))
}

fn parse(line: &'static str) -> Option<Fact> {
    let mut cells = line.split('\t');
    let mut next = || cells.next().filter(|cell| !cell.is_empty());
    let fact = Fact {
        mechanism: next()?,
        server: next()?,
        verdict: next()?.parse().ok()?,
        isolation: next()?.parse().ok()?,
        statement: next()?,
        source: next()?,
    };
    cells.next().is_none().then_some(fact)
}

impl FromStr for Verdict {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(())
    }
}

impl FromStr for Isolation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mechanism, Server};
    use super::*;

    #[test]
    fn every_line_is_a_fact_with_a_verdict_and_a_source() {
        for fact in facts() {
            let fact = fact.expect("a line of six cells");
            let is_dated = fact.source.contains("https://") && fact.source.contains('(');
            assert!(is_dated, "{} on {}: {}", fact.mechanism, fact.server, fact.source);
            assert!(fact.statement.ends_with('.'), "{}", fact.statement);
        }
    }

    #[test]
    fn every_mechanism_has_one_fact_for_each_server() {
        let known: Vec<_> = facts().flatten().map(|fact| (fact.mechanism, fact.server)).collect();
        let wanted: Vec<_> = Mechanism::ALL
            .into_iter()
            .flat_map(|mechanism| Server::ALL.map(|server| (mechanism.id(), server.id())))
            .collect();
        assert_eq!(known, wanted, "in this order, each once");
    }

    #[test]
    fn what_is_lost_or_not_known_of_what_the_wall_is_made_of_never_counts_as_kept() {
        let wall = ["row-security", "force", "restrictive", "policy-function", "session-variables", "closed-functions"];
        for fact in facts().flatten().filter(|fact| wall.contains(&fact.mechanism)) {
            let is_sure = matches!(fact.verdict, Verdict::Holds | Verdict::OtherShape);
            assert!(is_sure || fact.isolation != Isolation::Kept, "{} on {}", fact.mechanism, fact.server);
        }
    }
}
