//! A report as text.

use std::fmt;

use super::fact::Isolation;
use super::report::{Entry, Portability, ServerReport};

impl fmt::Display for Portability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, server) in self.servers().iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            write!(f, "{server}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ServerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server();
        writeln!(f, "{}\n  {}\n  isolation: {}", server.versions(), server.live(), self.isolation().conclusion())?;
        self.entries().iter().try_for_each(|entry| write!(f, "{entry}"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = " ".repeat(15);
        writeln!(f, "\n  {:<12} {}", self.fact.verdict, self.mechanism.title())?;
        if !self.tables.is_empty() {
            writeln!(f, "{indent}tables: {}", self.tables.join(", "))?;
        }
        writeln!(f, "{indent}{}", self.fact.statement)?;
        if self.fact.isolation != Isolation::Kept {
            writeln!(f, "{indent}isolation: {}", self.fact.isolation.as_str())?;
        }
        writeln!(f, "{indent}source: {}", self.fact.source)
    }
}
