//! All lints as a document.

use std::fmt;

use super::lints::lints;

/// All lints in Markdown, by topic: what `docs/lints.md` holds and `migrate verify --list-lints` prints.
#[derive(Clone, Copy, Debug, Default)]
pub struct Catalogue;

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# Lints\n")?;
        writeln!(
            f,
            "What `migrate verify` looks for. This file is what `migrate verify --list-lints` prints; a test compares them."
        )?;
        let mut topic = None;
        for lint in lints() {
            if topic.replace(lint.topic()) != Some(lint.topic()) {
                writeln!(
                    f,
                    "\n## {}\n\n| Lint | Severity | Looks for | Why |\n|---|---|---|---|",
                    lint.topic().title()
                )?;
            }
            let cell = |text: &str| text.replace('|', "\\|");
            writeln!(f, "| `{}` | {} | {} | {} |", lint.id(), lint.severity(), cell(lint.what()), cell(lint.why()))?;
        }
        Ok(())
    }
}
