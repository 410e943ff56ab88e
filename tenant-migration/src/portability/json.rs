//! A report as JSON.

use serde_json::{Value, json};

use super::report::{Entry, Portability};

impl Portability {
    /// `{"servers": [{"server", "versions", "live", "isolation", "conclusion", "mechanisms": [{"mechanism", "title", "tables",
    /// "verdict", "isolation", "statement", "source"}]}]}`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let servers = self.servers().iter().map(|report| {
            json!({
                "server": report.server().id(),
                "versions": report.server().versions(),
                "live": report.server().live(),
                "isolation": report.isolation().as_str(),
                "conclusion": report.isolation().conclusion(),
                "mechanisms": report.entries().iter().map(record).collect::<Vec<_>>(),
            })
        });
        json!({ "servers": servers.collect::<Vec<_>>() })
    }
}

fn record(entry: &Entry) -> Value {
    json!({
        "mechanism": entry.mechanism.id(),
        "title": entry.mechanism.title(),
        "tables": entry.tables,
        "verdict": entry.fact.verdict.as_str(),
        "isolation": entry.fact.isolation.as_str(),
        "statement": entry.fact.statement,
        "source": entry.fact.source,
    })
}
