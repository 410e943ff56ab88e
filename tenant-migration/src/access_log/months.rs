//! The log's partitions, one a month.

use crate::change::Change;
use crate::ident::{Ident, QualifiedName};
use crate::step::{LockMode, Step};
use crate::tenancy;

/// How many months are made ahead of the present one.
pub(crate) const AHEAD: u32 = 3;

/// The tables that have partitions.
pub(crate) fn tables() -> [QualifiedName; 2] {
    ["access_log", "access_log_values"]
        .map(|name| QualifiedName { schema: Ident::live(tenancy::SCHEMA), name: Ident::live(name) })
}

/// The change that makes the months that are missing.
pub(crate) fn preparation(missing: &[String], ahead: u32) -> Change {
    let make = Step::forward(
        "an entry of a month that has no partition fails whoever writes it",
        format!("SELECT tenancy.prepare_months({ahead});"),
    );
    let make = tables().iter().fold(make, |step, table| step.locking(LockMode::ShareUpdateExclusive, table));
    Change::new(format!("months of the access log: {}", missing.join(", ")), vec![make])
}
