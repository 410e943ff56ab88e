//! Functions in FROM.

use std::collections::HashSet;

use super::error::ScopeError;
use super::names::{self, Row, Scope};
use super::syntax::{Kind, Node, child, children};
use super::walk::Walk;

/// Functions whose rows are single values of a plain type: their column has the name of the row.
const OF_VALUES: [&str; 12] = [
    "generate_series",
    "generate_subscripts",
    "json_array_elements",
    "json_array_elements_text",
    "json_object_keys",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_object_keys",
    "jsonb_path_query",
    "regexp_matches",
    "regexp_split_to_table",
    "string_to_table",
];

impl Walk<'_> {
    pub(super) fn function_item(&mut self, item: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in item.children() {
            match part.kind() {
                Kind::CALL_EXPR => self.expression(&part, scope)?,
                Kind::ROWS_FROM_ARG => {
                    for inner in part.children() {
                        match inner.kind() {
                            Kind::CALL_EXPR => self.expression(&inner, scope)?,
                            Kind::COLUMN_DEF_LIST => self.column_definitions(&inner, scope)?,
                            _ => return Err(self.unknown(&inner)),
                        }
                    }
                }
                Kind::WITH_ORDINALITY => {}
                Kind::FROM_ALIAS => self.source_alias(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }

    pub(super) fn column_definitions(&mut self, list: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for column in list.children() {
            for part in column.children() {
                match part.kind() {
                    Kind::COLUMN_NAME => {}
                    Kind::COLLATE => self.expression(&part, scope)?,
                    _ => self.type_name(&part, scope)?,
                }
            }
        }
        Ok(())
    }
}

/// The row that a call in FROM names, with its columns.
///
/// Other functions than [`OF_VALUES`] may give rows of a type, whose columns are that type's.
pub(super) fn function_row(item: &Node) -> Option<(String, Row<'static>)> {
    let function = function(item);
    let name = names::alias(item).or_else(|| function.clone())?;
    let definitions = |node: &Node| matches!(node.kind(), Kind::FROM_ALIAS | Kind::COLUMN_DEF_LIST);
    let parts = item.children().chain(children(item, Kind::ROWS_FROM_ARG).flat_map(|argument| argument.children()));
    let named = parts.filter(definitions).flat_map(|part| part.descendants());
    let mut columns: HashSet<String> =
        named.filter(|node| node.kind() == Kind::COLUMN_NAME).filter_map(|node| names::name(&node)).collect();
    // A list of columns takes the place of the row's own name.
    if columns.is_empty() && function.is_some_and(|function| OF_VALUES.contains(&function.as_str())) {
        columns.insert(name.clone());
    }
    Some((name, Row::Function(columns)))
}

/// The function that is called, by its last name; none for several functions.
fn function(item: &Node) -> Option<String> {
    let callee = child(item, Kind::CALL_EXPR)?.children().next()?;
    names::column_path(&callee)?.pop()
}
