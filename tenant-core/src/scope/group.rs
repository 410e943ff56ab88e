//! GROUP BY a primary key.

use super::from::From;
use super::names;
use super::syntax::{Kind, Node, child, children, end};
use super::walk::Walk;

impl Walk<'_> {
    /// Adds the tenant column to a GROUP BY that names a table's whole key as SeaORM knows it.
    ///
    /// PostgreSQL lets the other columns of a table stand ungrouped only when its real key, led by the tenant column, is
    /// grouped. The column is one value for all rows that pass the predicate, so the groups stay the same.
    pub(super) fn group_by_whole_keys(&mut self, clause: &Node, from: &From<'_>) {
        let Some(list) = child(clause, Kind::GROUP_BY_LIST) else { return };
        let grouped: Vec<Vec<String>> = children(&list, Kind::GROUPING_EXPR)
            .filter_map(|item| item.children().next())
            .filter_map(|item| names::column_path(&item))
            .collect();
        for reference in &from.tables {
            let Some(key) = reference.table.tenant_key() else { continue };
            let owners = |column: &str| from.tables.iter().filter(|other| other.table.column(column).is_some()).count();
            let is_grouped = |column: &str| {
                grouped.iter().any(|path| match path.as_slice() {
                    [only] => only == column && owners(column) == 1,
                    [.., name, last] => *name == reference.name && last == column,
                    [] => false,
                })
            };
            let primary_key = reference.table.primary_key();
            let whole = !primary_key.is_empty() && primary_key.iter().all(|column| is_grouped(column));
            if whole && !is_grouped(key) {
                let column = format!(", {}.{}", names::quoted(&reference.name), names::quoted(key));
                self.edits.after(end(&list), &column);
            }
        }
    }
}
