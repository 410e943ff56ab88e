//! GROUP BY a primary key.

use super::error::ScopeError;
use super::from::From;
use super::names;
use super::query::{is_star, targets};
use super::syntax::{Kind, Node, child, children, end, only_token, token};
use super::walk::Walk;

impl Walk<'_> {
    /// Refuses grouping sets over the tenant column.
    ///
    /// They make it NULL in some rows, but PostgreSQL up to 17 takes a column that is compared with a value for that value
    /// throughout, and leaves out a sort by it.
    pub(super) fn check_grouping_sets(&self, clause: &Node, select: &Node, from: &From<'_>) -> Result<(), ScopeError> {
        let sets = clause
            .descendants()
            .filter(|node| matches!(node.kind(), Kind::GROUPING_ROLLUP | Kind::GROUPING_CUBE | Kind::GROUPING_SETS));
        for item in sets.flat_map(|set| set.descendants().collect::<Vec<_>>()) {
            let is_tenant = |path: &Vec<String>| {
                from.tables.iter().any(|reference| {
                    path.last().map(String::as_str) == reference.table.tenant_key()
                        && (path.len() == 1 || path[path.len() - 2] == reference.name)
                })
            };
            if grouped_columns(&item, select).iter().any(is_tenant) {
                return Err(self.unsupported(&item, "grouping sets over the tenant column", "leave it out of them"));
            }
        }
        Ok(())
    }

    /// Adds the tenant column to a GROUP BY that names a table's whole key as SeaORM knows it.
    ///
    /// PostgreSQL lets the other columns of a table stand ungrouped only when its real key, led by the tenant column, is
    /// grouped. The column is one value for all rows that pass the predicate, so the groups stay the same.
    pub(super) fn group_by_whole_keys(&mut self, clause: &Node, select: &Node, from: &From<'_>) {
        let Some(list) = child(clause, Kind::GROUP_BY_LIST) else { return };
        let grouped: Vec<Vec<String>> = children(&list, Kind::GROUPING_EXPR)
            .filter_map(|item| item.children().next())
            .flat_map(|item| grouped_columns(&item, select))
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

/// The columns that an item of GROUP BY names: by name, in brackets, or by a number, which counts the select list's items.
fn grouped_columns(item: &Node, select: &Node) -> Vec<Vec<String>> {
    match item.kind() {
        Kind::PAREN_EXPR | Kind::TUPLE_EXPR if token(item, Kind::ROW_KW).is_none() => {
            item.children().filter_map(|inner| names::column_path(&inner)).collect()
        }
        Kind::LITERAL => counted_target(item, select).as_ref().and_then(names::column_path).into_iter().collect(),
        _ => names::column_path(item).into_iter().collect(),
    }
}

fn counted_target(number: &Node, select: &Node) -> Option<Node> {
    let number: usize = only_token(number)?.text().parse().ok()?;
    let targets = targets(select);
    let before = targets.get(..number)?;
    if before.iter().any(is_star) { None } else { before.last()?.children().next() }
}
