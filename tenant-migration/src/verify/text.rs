//! A report for people.

use std::fmt;

use super::report::{Counts, Report};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.findings() {
            writeln!(f, "{}[{}]: {}", finding.severity, finding.lint, finding.object)?;
            writeln!(f, "  found:  {}", finding.detail)?;
            writeln!(f, "  repair: {}\n", finding.repair)?;
        }
        writeln!(f, "verify: {} from {} lints", self.counts(), self.lints().len())
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
        let (errors, warnings) = (counted(self.errors, "error"), counted(self.warnings, "warning"));
        write!(f, "{errors}, {warnings}, {}, {} accepted", counted(self.notes, "note"), self.accepted)
    }
}
