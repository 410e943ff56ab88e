//! Findings that somebody has looked at and accepted.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::finding::Finding;
use super::lint::{Lint, Severity, Topic};
use super::report::Report;

pub(super) const STALE: Lint = Lint::new("baseline-stale", Severity::Note, Topic::Check)
    .looks_for("an entry of the baseline that matches no finding")
    .because("What it accepted is gone. Left in the file, it would accept the same again unseen.");

const HEADER: &str =
    "# Findings of `migrate verify` that are accepted: a lint and an object a line. Say above each one why.";

/// Accepted findings: a text of lines, each the id of a lint and, after a space, the object. Empty lines and those that begin with
/// `#` are comments.
///
/// ```
/// use tenant_migration::verify::Baseline;
///
/// let baseline: Baseline = "# known since the import\nindex-invalid index public.a on table public.b\n".parse()?;
/// assert!(baseline.to_string().ends_with("\nindex-invalid index public.a on table public.b\n"));
/// assert!("index-invalid".parse::<Baseline>().is_err());
/// # Ok::<_, tenant_migration::verify::BaselineError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeSet<(String, String)>,
}

impl Baseline {
    /// Accepts everything that `report` has found or accepted.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let findings = report.findings().iter().chain(report.accepted()).filter(|finding| finding.lint != STALE.id());
        Self { entries: findings.map(key).collect() }
    }

    pub(super) fn accepts(&self, finding: &Finding) -> bool {
        self.entries.contains(&key(finding))
    }

    /// A note for each entry that none of the `accepted` findings matches.
    pub(super) fn stale(&self, accepted: &[Finding]) -> Vec<Finding> {
        let matched: BTreeSet<_> = accepted.iter().map(key).collect();
        let stale = self.entries.difference(&matched).map(|(lint, object)| {
            let detail = format!("the baseline accepts {lint} there, and it is not found any more");
            Finding::of(
                &STALE,
                object.clone(),
                detail,
                format!("-- take the line `{lint} {object}` out of the baseline"),
            )
        });
        stale.collect()
    }
}

fn key(finding: &Finding) -> (String, String) {
    (finding.lint.to_owned(), one_line(&finding.object))
}

/// A name may contain line breaks; a line of the baseline doesn't.
fn one_line(object: &str) -> String {
    object.replace(['\n', '\r'], " ").trim_end().to_owned()
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        self.entries.iter().try_for_each(|(lint, object)| writeln!(f, "{lint} {object}"))
    }
}

impl FromStr for Baseline {
    type Err = BaselineError;

    fn from_str(text: &str) -> Result<Self, BaselineError> {
        let mut entries = BTreeSet::new();
        for (position, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (lint, object) =
                line.split_once(' ').ok_or_else(|| BaselineError { line: position + 1, text: line.to_owned() })?;
            entries.insert((lint.to_owned(), object.to_owned()));
        }
        Ok(Self { entries })
    }
}

/// A line that is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not the id of a lint and an object, with a space between: `{text}`")]
pub struct BaselineError {
    line: usize,
    text: String,
}
