//! What a verification found.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::finding::Finding;

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// Seals.
    pub seals: u64,
    /// Batches whose leaves were looked at.
    pub batches: u64,
    /// Entries that are sealed and there.
    pub entries: u64,
    /// Entries that were sealed, and went with their months.
    pub retained: u64,
    /// Entries whose values are there.
    pub values: u64,
    /// Entries whose values were erased.
    pub erased: u64,
    /// Entries that are not sealed yet.
    pub unsealed: u64,
    /// The age of the oldest of those.
    pub unsealed_for: Duration,
}

/// What was looked at, and what is not as it was sealed.
#[derive(Clone, Debug, Default)]
pub struct AuditReport {
    pub(super) checked: Checked,
    pub(super) findings: Vec<Finding>,
    pub(super) omitted: u64,
}

impl AuditReport {
    /// How much was looked at.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// What is wrong; the first thousand.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many more findings there are.
    #[must_use]
    pub const fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Whether everything is as it was sealed.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// The same for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Checked { seals, batches, entries, retained, values, erased, unsealed, unsealed_for } = self.checked;
        json!({
            "clean": self.is_clean(),
            "checked": {
                "seals": seals, "batches": batches, "entries": entries, "retained": retained, "values": values, "erased": erased,
            },
            "unsealed": { "entries": unsealed, "age_ms": u64::try_from(unsealed_for.as_millis()).unwrap_or(u64::MAX) },
            "findings": self.findings,
            "omitted": self.omitted,
        })
    }
}

impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        if self.omitted > 0 {
            writeln!(f, "and {} more", self.omitted)?;
        }
        let Checked { seals, batches, entries, retained, values, erased, unsealed, unsealed_for } = self.checked;
        let found = self.findings.len() as u64 + self.omitted;
        write!(f, "audit: {found} findings; checked {entries} entries in {batches} batches of {seals} seals")?;
        write!(f, ", {values} with their values, {erased} erased; {retained} went with their months")?;
        if unsealed > 0 {
            write!(f, "; {unsealed} not sealed yet, the oldest for {:.0} s", unsealed_for.as_secs_f64())?;
        }
        writeln!(f)
    }
}
