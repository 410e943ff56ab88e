//! What of a table can be made while programs that know no tenants work on it.

use crate::live::{ConstraintKind, LiveColumn, LiveTable};

/// What is wanted of a table beside such programs: columns that are there stay as they are but for the tenant column, and
/// what a row must fulfil comes later.
pub(crate) fn beside(want: &LiveTable, have: &LiveTable, tenant_key: Option<&str>) -> LiveTable {
    let column = |wanted: &LiveColumn| match have.column(&wanted.name) {
        Some(there) if tenant_key != Some(&wanted.name) => there.clone(),
        _ => wanted.clone(),
    };
    let mut beside = want.clone();
    beside.columns = want.columns.iter().map(column).collect();
    beside.constraints.retain(|constraint| constraint.kind != ConstraintKind::Check);
    beside
}
