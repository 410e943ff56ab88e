//! Records of the catalog, for people and for programs.

use serde_json::{Value, json};

use super::arguments::Format;
use crate::catalog::{MoveRecord, OrganizationRecord, PlacementRecord};
use crate::cli::run::print;

/// What can be listed.
pub(super) trait Listed {
    /// The columns' names.
    const COLUMNS: &'static [&'static str];

    fn cells(&self) -> Vec<String>;

    fn json(&self) -> Value;
}

impl Listed for PlacementRecord {
    const COLUMNS: &'static [&'static str] = &["name", "kind", "hosts", "connections", "roles"];

    fn cells(&self) -> Vec<String> {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let hosts = Some(self.hosts.join(",")).filter(|hosts| !hosts.is_empty());
        vec![
            self.name.to_string(),
            self.kind.to_string(),
            or_none(hosts),
            or_none(self.max_connections.map(|connections| connections.to_string())),
            or_none(self.role_prefix.as_ref().map(|prefix| format!("{prefix}_…"))),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name.as_str(), "kind": self.kind.as_str(), "hosts": self.hosts,
            "max_connections": self.max_connections, "role_prefix": self.role_prefix,
        })
    }
}

impl Listed for OrganizationRecord {
    const COLUMNS: &'static [&'static str] = &["id", "name", "tier", "status", "placement", "changed"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.clone(),
            self.tier.to_string(),
            self.status.to_string(),
            self.placement.to_string(),
            self.updated_at.clone(),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id.to_string(), "name": self.name, "tier": self.tier.as_str(), "status": self.status.as_str(),
            "placement": self.placement.as_str(), "epoch": self.epoch,
            "created_at": self.created_at, "updated_at": self.updated_at,
        })
    }
}

impl Listed for MoveRecord {
    const COLUMNS: &'static [&'static str] =
        &["from", "to", "stage", "wanted", "begun", "switched", "ended", "outcome", "failure"];

    fn cells(&self) -> Vec<String> {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            self.source.to_string(),
            self.target.to_string(),
            self.stage.to_string(),
            self.wish.to_string(),
            self.begun_at.clone(),
            or_none(self.switched_at.clone()),
            or_none(self.ended_at.clone()),
            or_none(self.notes.outcome.map(|outcome| outcome.to_string())),
            or_none(self.failure.clone()),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id.to_string(), "organization": self.organization.to_string(), "from": self.source.as_str(),
            "to": self.target.as_str(), "stage": self.stage.as_str(), "wanted": self.wish.as_str(), "begun_at": self.begun_at,
            "switched_at": self.switched_at, "ended_at": self.ended_at, "notes": self.notes, "failure": self.failure,
        })
    }
}

/// Prints all of them: an array as JSON.
pub(super) fn list<T: Listed>(records: &[T], format: Format) {
    match format {
        Format::Json => print(&format!("{:#}\n", Value::Array(records.iter().map(Listed::json).collect()))),
        Format::Text => {
            let rows: Vec<_> = records.iter().map(Listed::cells).collect();
            let width = |column: usize, name: &str| {
                let cells = rows.iter().map(|row| row[column].chars().count());
                cells.chain([name.chars().count()]).max().unwrap_or_default()
            };
            let widths: Vec<_> = T::COLUMNS.iter().enumerate().map(|(column, name)| width(column, name)).collect();
            let header = T::COLUMNS.iter().map(|name| (*name).to_owned()).collect();
            for row in std::iter::once(&header).chain(&rows) {
                let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
                print(&format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end()));
            }
        }
    }
}

/// Prints one: an object as JSON.
pub(super) fn show<T: Listed>(record: &T, format: Format) {
    match format {
        Format::Json => print(&format!("{:#}\n", record.json())),
        Format::Text => {
            for (name, cell) in T::COLUMNS.iter().zip(record.cells()) {
                print(&format!("{name:12}  {cell}\n"));
            }
        }
    }
}
