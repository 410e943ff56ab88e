//! The order in which tables are made: a table comes after those it refers to.

use std::collections::BTreeSet;

use tenant_core::{Registry, Table, TableName};

/// The registry's tables in dependency order. Where tables refer to each other in a circle, the first by name goes
/// first; the same registry always gives the same order.
pub(crate) fn in_dependency_order(registry: &Registry) -> Vec<&Table> {
    let mut waiting: Vec<&Table> = registry.tables().collect();
    let mut made: BTreeSet<&TableName> = BTreeSet::new();
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let ready = |table: &Table| {
            let mut targets = table.foreign_keys().iter().map(|key| &key.target);
            targets.all(|target| target == table.name() || made.contains(target))
        };
        let next = waiting.iter().position(|table| ready(table)).unwrap_or(0);
        let table = waiting.remove(next);
        made.insert(table.name());
        order.push(table);
    }
    order
}
