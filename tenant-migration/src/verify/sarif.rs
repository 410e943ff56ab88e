//! A report in SARIF 2.1.0, which code hosts show beside the code.
//!
//! The properties are those of <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>. A database has no lines, so a result's place is
//! a logical location: the object.

use serde_json::{Value, json};

use super::finding::Finding;
use super::lint::Lint;
use super::report::Report;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

impl Report {
    /// One run whose rules are all lints; what is accepted is a suppressed result.
    #[must_use]
    pub fn to_sarif(&self) -> Value {
        let results = self.findings().iter().map(|finding| self.result(finding));
        let suppressed = self.accepted().iter().map(|finding| {
            let mut result = self.result(finding);
            result["suppressions"] = json!([{"kind": "external", "justification": "accepted by the baseline"}]);
            result
        });
        json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "tenant-migration verify",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": self.lints().iter().map(rule).collect::<Vec<_>>(),
                }},
                "results": results.chain(suppressed).collect::<Vec<_>>(),
            }],
        })
    }

    fn result(&self, finding: &Finding) -> Value {
        let mut result = json!({
            "ruleId": finding.lint,
            "level": finding.severity.as_str(),
            "message": {"text": format!("{}: {}\nRepair: {}", finding.object, finding.detail, finding.repair)},
            "locations": [{"logicalLocations": [{"fullyQualifiedName": finding.object}]}],
            // What tells one result from another over the runs: not the detail, which may count something.
            "partialFingerprints": {"lintAndObject/v1": format!("{} {}", finding.lint, finding.object)},
        });
        if let Some(index) = self.lints().iter().position(|lint| lint.id() == finding.lint) {
            result["ruleIndex"] = json!(index);
        }
        result
    }
}

fn rule(lint: &Lint) -> Value {
    json!({
        "id": lint.id(),
        "shortDescription": {"text": lint.what()},
        "fullDescription": {"text": lint.why()},
        "defaultConfiguration": {"level": lint.severity().as_str()},
        "properties": {"topic": lint.topic().title()},
    })
}
