//! What came of a job that ran to its end.

use serde_json::Value;

/// What a job says of its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// All is as it should be; nothing was changed.
    Ok,
    /// All is as it should be now: something was changed.
    Changed,
    /// It is not what it should be, and was only looked at.
    Differs,
    /// Errors were found.
    Findings,
}

impl Verdict {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Changed => "changed",
            Self::Differs => "differs",
            Self::Findings => "findings",
        }
    }
}

/// What came of a job that ran to its end.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a job gives it back"]
pub struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) counts: Vec<(&'static str, usize)>,
    pub(super) remarks: Vec<String>,
    pub(super) details: Value,
}

impl Outcome {
    /// With this verdict, and nothing to say yet.
    pub const fn new(verdict: Verdict) -> Self {
        Self { verdict, counts: Vec::new(), remarks: Vec::new(), details: Value::Null }
    }

    /// Nothing was to be done.
    pub const fn ok() -> Self {
        Self::new(Verdict::Ok)
    }

    /// Adds how many of something there were, under a name that never changes: programs read it.
    pub fn count(mut self, name: &'static str, count: usize) -> Self {
        self.counts.push((name, count));
        self
    }

    /// Adds lines for people, which are shown for a database that isn't as it should be.
    pub fn remarks(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.remarks.extend(lines);
        self
    }

    /// Sets what programs may want to know besides.
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}
