//! What was found, and what of it is accepted.

use super::baseline::Baseline;
use super::finding::Finding;
use super::lint::{Lint, Severity};

/// What a [`Verifier`](super::Verifier) has found. Its `Display` is for people; [`Report::to_json`] and [`Report::to_sarif`] are
/// for programs.
#[derive(Clone, Debug)]
pub struct Report {
    findings: Vec<Finding>,
    accepted: Vec<Finding>,
    lints: Vec<Lint>,
}

/// How many findings there are, without those that are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of severity error.
    pub errors: usize,
    /// Of severity warning.
    pub warnings: usize,
    /// Of severity note.
    pub notes: usize,
    /// Those that the baseline accepts, of any severity.
    pub accepted: usize,
}

impl Report {
    pub(super) fn new(mut findings: Vec<Finding>, lints: Vec<Lint>) -> Self {
        // The worst first; among equals the lints' order.
        findings.sort_by_key(|finding| finding.severity);
        Self { findings, accepted: Vec::new(), lints }
    }

    /// Takes out what `baseline` accepts, and adds a note for each of its entries that matches nothing.
    #[must_use]
    pub fn accept(mut self, baseline: &Baseline) -> Self {
        let (accepted, findings) = self.findings.into_iter().partition(|finding| baseline.accepts(finding));
        self.findings = findings;
        self.accepted = accepted;
        self.findings.extend(baseline.stale(&self.accepted));
        self
    }

    /// What was found and isn't accepted, errors first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What was found and is accepted.
    #[must_use]
    pub fn accepted(&self) -> &[Finding] {
        &self.accepted
    }

    /// The lints that were asked.
    pub fn lints(&self) -> &[Lint] {
        &self.lints
    }

    /// How many findings there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let of = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        Counts {
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            notes: of(Severity::Note),
            accepted: self.accepted.len(),
        }
    }

    /// Whether there is an error that isn't accepted.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.counts().errors > 0
    }
}
