//! A report as JSON.

use serde_json::{Map, Value, json};

use super::report::{Ending, FleetReport, MemberReport};
use crate::database_url::Place;

impl FleetReport {
    /// `{"command": "…", "summary": {…}, "databases": […]}`; a database has `name`, `host`, `port`, `database`, `outcome`,
    /// `counts`, `details`, `error` and `duration_ms`. `docs/fleet.md` says what they hold.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "command": self.command(),
            "summary": counted(&self.counts()),
            "databases": self.members().iter().map(record).collect::<Vec<_>>(),
        })
    }
}

fn record(member: &MemberReport) -> Value {
    let (counts, details, error) = match member.ending() {
        Ending::Unfinished => (counted(&[]), &Value::Null, None),
        Ending::Done(outcome) => (counted(&outcome.counts), &outcome.details, None),
        Ending::Failed(error) => (counted(&[]), &Value::Null, Some(error)),
    };
    let duration = u64::try_from(member.duration().as_millis()).unwrap_or(u64::MAX);
    json!({
        "name": member.name(),
        "host": member.place().map(Place::host),
        "port": member.place().map(Place::port),
        "database": member.place().map(Place::database),
        "outcome": member.ending().as_str(),
        "counts": counts,
        "details": details,
        "error": error,
        "duration_ms": duration,
    })
}

fn counted(counts: &[(&'static str, usize)]) -> Value {
    counts.iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect::<Map<_, _>>().into()
}
