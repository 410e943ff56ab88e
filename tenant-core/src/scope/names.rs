//! Identifiers as PostgreSQL reads them, and names that common table expressions take.

use std::collections::{HashMap, HashSet};

use super::syntax::{Kind, Node, Token, child, tokens};
use crate::{Table, TableName};

/// An identifier's meaning: quoted as it stands, otherwise folded to lower case (ASCII only, as in a UTF-8 database).
pub(super) fn identifier(token: &Token) -> String {
    let text = token.text();
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.to_ascii_lowercase(),
    }
}

/// The identifier that is all of this node.
pub(super) fn name(node: &Node) -> Option<String> {
    let mut tokens = tokens(node);
    let first = tokens.next()?;
    (tokens.next().is_none() && node.children().next().is_none()).then(|| identifier(&first))
}

/// The parts of a dotted name, outermost first.
pub(super) fn path(node: &Node) -> Option<Vec<String>> {
    let mut parts = child(node, Kind::PATH_REF).map_or_else(|| Some(Vec::new()), |outer| path(&outer))?;
    let segment = child(node, Kind::PATH_SEGMENT_REF)?;
    parts.extend(name(&segment));
    Some(parts)
}

/// The parts of a column reference such as `m.id`, outermost first; nothing for any other expression.
pub(super) fn column_path(node: &Node) -> Option<Vec<String>> {
    match node.kind() {
        Kind::NAME_REF => Some(vec![name(node)?]),
        Kind::FIELD_EXPR => {
            let mut parts = node.children();
            let mut path = column_path(&parts.next()?)?;
            path.push(parts.next().filter(|field| field.kind() == Kind::NAME_REF).as_ref().and_then(name)?);
            Some(path)
        }
        _ => None,
    }
}

/// An identifier as text that PostgreSQL reads as exactly this.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table's name with its schema, each quoted.
pub(super) fn quoted_table(table: &TableName) -> String {
    format!("{}.{}", quoted(&table.schema), quoted(&table.table))
}

/// The alias that a FROM item, an INSERT or an UPDATE gives its table.
pub(super) fn alias(node: &Node) -> Option<String> {
    [Kind::FROM_ALIAS, Kind::OPTIONAL_AS_ALIAS, Kind::REQUIRED_AS_ALIAS]
        .into_iter()
        .find_map(|kind| child(node, kind))
        .and_then(|alias| child(&alias, Kind::TABLE_ALIAS))
        .and_then(|alias| name(&alias))
}

/// What a row is one of.
#[derive(Clone, Debug)]
pub(super) enum Row<'a> {
    Table(&'a Table),
    /// A function's results, with these columns and perhaps those of a type.
    Function(HashSet<String>),
    /// A query's results, or a table's whose columns have other names here.
    Query,
}

/// The rows that a FROM list gives names to, and those of the table that a statement changes.
pub(super) type Rows<'a> = HashMap<String, Row<'a>>;

/// What a place in the statement can see, innermost first: common table expressions and rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    names: &'a [String],
    rows: Option<&'a Rows<'a>>,
}

impl<'a> Scope<'a> {
    /// The scope of the whole statement, before any WITH.
    pub(super) const ROOT: Scope<'static> = Scope { outer: None, names: &[], rows: None };

    /// The scope in which these common table expressions are seen too.
    pub(super) const fn with(&'a self, names: &'a [String]) -> Scope<'a> {
        Scope { outer: Some(self), names, rows: None }
    }

    /// The scope in which these rows are seen too.
    pub(super) const fn over(&'a self, rows: &'a Rows<'a>) -> Scope<'a> {
        Scope { outer: Some(self), names: &[], rows: Some(rows) }
    }

    /// The row of this name.
    pub(super) fn row(&self, name: &str) -> Option<&'a Row<'a>> {
        let here = self.rows.and_then(|rows| rows.get(name));
        here.or_else(|| self.outer.and_then(|outer| outer.row(name)))
    }

    /// Whether the name, written without a schema, is a common table expression here.
    pub(super) fn sees(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name) || self.outer.is_some_and(|outer| outer.sees(name))
    }
}
