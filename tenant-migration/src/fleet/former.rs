//! The report of a run before, read back.

use serde_json::Value;

/// The report of a run before: what is repeated is what it doesn't call well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerReport {
    not_well: Vec<String>,
}

impl FormerReport {
    /// Reads what [`FleetReport::to_json`](super::FleetReport::to_json) wrote.
    ///
    /// # Errors
    /// [`FormerReportError`] when it is none.
    pub fn parse(text: &str) -> Result<Self, FormerReportError> {
        let report: Value = serde_json::from_str(text).map_err(|error| FormerReportError(error.to_string()))?;
        let not_one = || FormerReportError("it has no list of databases with a name and an outcome".to_owned());
        let mut not_well = Vec::new();
        for database in report["databases"].as_array().ok_or_else(not_one)? {
            let (name, outcome) = database["name"].as_str().zip(database["outcome"].as_str()).ok_or_else(not_one)?;
            // An outcome that nobody knows is none that is well.
            if !matches!(outcome, "ok" | "changed") {
                not_well.push(name.to_owned());
            }
        }
        Ok(Self { not_well })
    }

    /// The names of the databases that weren't as they should be when it was written, or of which it wasn't known.
    pub fn not_well(&self) -> impl Iterator<Item = &str> {
        self.not_well.iter().map(String::as_str)
    }
}

/// Why a text is no report of a fleet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the report of a fleet: {0}")]
pub struct FormerReportError(String);
