//! A report as JSON.

use serde_json::{Value, json};

use super::finding::Finding;
use super::report::Report;

impl Report {
    /// `{"summary": {…}, "findings": […], "accepted": […]}`; a finding has `lint`, `severity`, `object`, `detail`, `repair`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let counts = self.counts();
        let records = |findings: &[Finding]| findings.iter().map(record).collect::<Vec<_>>();
        json!({
            "summary": {
                "errors": counts.errors,
                "warnings": counts.warnings,
                "notes": counts.notes,
                "accepted": counts.accepted,
                "lints": self.lints().len(),
            },
            "findings": records(self.findings()),
            "accepted": records(self.accepted()),
        })
    }
}

fn record(finding: &Finding) -> Value {
    json!({
        "lint": finding.lint,
        "severity": finding.severity.as_str(),
        "object": finding.object,
        "detail": finding.detail,
        "repair": finding.repair,
    })
}
