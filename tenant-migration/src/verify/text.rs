//! A report for people.

use std::fmt;

use super::finding::Finding;
use super::report::{Counts, Report};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in self.findings() {
            writeln!(f, "{finding}\n")?;
        }
        writeln!(f, "verify: {} from {} lints", self.counts(), self.lints().len())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}[{}]: {}", self.severity, self.lint, self.object)?;
        writeln!(f, "  found:  {}", self.detail)?;
        write!(f, "  repair: {}", self.repair)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = |count: usize, name: &str| format!("{count} {name}{}", if count == 1 { "" } else { "s" });
        let (errors, warnings) = (counted(self.errors, "error"), counted(self.warnings, "warning"));
        write!(f, "{errors}, {warnings}, {}, {} accepted", counted(self.notes, "note"), self.accepted)
    }
}
