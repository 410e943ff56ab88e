//! GROUP BY a primary key.

use super::error::ScopeError;
use super::from::From;
use super::names;
use super::query::{is_star, targets};
use super::syntax::{Kind, Node, all_tokens, child, children, end, only_token, token};
use super::walk::Walk;

impl Walk<'_> {
    /// Lets grouping sets group by plain columns of this FROM's tables that are no UUIDs.
    ///
    /// They make a column NULL in some rows, but PostgreSQL up to 17 takes one that is compared with a value for that value
    /// throughout, and leaves out a sort by it. So it does with any other UUID that a condition equates with the tenant's, and
    /// under other names (an alias, a number, a column of a subquery) the tenant's column can't be told from others.
    pub(super) fn check_grouping_sets(&self, clause: &Node, select: &Node, from: &From<'_>) -> Result<(), ScopeError> {
        let sets = clause
            .descendants()
            .filter(|node| matches!(node.kind(), Kind::GROUPING_ROLLUP | Kind::GROUPING_CUBE | Kind::GROUPING_SETS));
        let aliases: Vec<String> = targets(select)
            .iter()
            .filter_map(|target| child(target, Kind::AS_NAME))
            .filter_map(|alias| all_tokens(&alias).last())
            .map(|token| names::identifier(&token))
            .collect();
        for column in sets.flat_map(|set| set.descendants().collect::<Vec<_>>()) {
            let harmless = match column.kind() {
                Kind::NAME_REF if column.parent().is_some_and(|parent| parent.kind() == Kind::FIELD_EXPR) => continue,
                Kind::NAME_REF | Kind::FIELD_EXPR => names::column_path(&column).is_some_and(|path| {
                    let (alias, name) = match path.as_slice() {
                        [name] => (None, name),
                        [.., alias, name] => (Some(alias), name),
                        [] => return false,
                    };
                    let owners = from.tables.iter().filter(|one| alias.is_none_or(|alias| one.name == *alias));
                    let mut owners = owners.filter(|one| one.table.column(name).is_some()).peekable();
                    owners.peek().is_some()
                        && owners.all(|one| one.table.column(name).is_some_and(|column| !column.is_uuid()))
                        && (alias.is_some() || !aliases.contains(name))
                }),
                Kind::LITERAL | Kind::CALL_EXPR => false,
                _ => true,
            };
            if !harmless {
                let instead = "group by plain columns of tables that are no UUIDs";
                return Err(self.unsupported(
                    &column,
                    "grouping sets over anything else than a table's own column",
                    instead,
                ));
            }
        }
        Ok(())
    }

    /// Refuses a GROUP BY whose key would have to stand for columns of a table that is sent as a subquery: it has no key.
    pub(super) fn check_wrapped_keys(&self, clause: &Node, select: &Node, from: &From<'_>) -> Result<(), ScopeError> {
        let grouped: Vec<Vec<String>> = clause.descendants().flat_map(|item| grouped_columns(&item, select)).collect();
        for reference in &from.wrapped {
            let is_grouped = |column: &String| {
                grouped.iter().any(|path| match path.as_slice() {
                    [only] => only == column,
                    [.., name, last] => *name == reference.name && last == column,
                    [] => false,
                })
            };
            let primary_key = reference.table.primary_key();
            if primary_key.is_empty() || !primary_key.iter().all(is_grouped) {
                continue;
            }
            for target in targets(select) {
                let path = target.children().next().and_then(|value| names::column_path(&value));
                let depends = match path.as_deref() {
                    Some([.., name, column]) => *name == reference.name && !is_grouped(column),
                    Some(_) | None => is_star(&target),
                };
                if depends {
                    let construct = "GROUP BY the key of a table on this side of an outer join";
                    return Err(self.unsupported(&target, construct, "group by each column that is selected"));
                }
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
