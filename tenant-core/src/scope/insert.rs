//! INSERT.

use super::error::ScopeError;
use super::names::{self, Scope};
use super::query::is_query;
use super::reference::Reference;
use super::stamp::Stamp;
use super::syntax::{Kind, Node, child, children, end, only_token};
use super::walk::Walk;
use crate::Table;

impl Walk<'_> {
    pub(super) fn insert(&mut self, node: &Node, outer: &Scope<'_>) -> Result<(), ScopeError> {
        self.writes = true;
        let names = self.with(node, outer)?;
        let scope = &outer.with(&names);
        let name = child(node, Kind::RELATION_NAME_REF).ok_or_else(|| self.unknown(node))?;
        let table = self.target(&name)?;
        self.qualify(&name, table);
        let target = Reference { name: names::alias(node).unwrap_or_else(|| table.name().table.clone()), table };
        let stamp = self.insert_columns(node, table)?;
        let rows = target.rows();
        let changing = &scope.over(&rows);
        for part in node.children() {
            match (part.kind(), &stamp) {
                (
                    Kind::WITH_CLAUSE
                    | Kind::RELATION_NAME_REF
                    | Kind::REQUIRED_AS_ALIAS
                    | Kind::COLUMN_TARGET_LIST
                    | Kind::OVERRIDING_SYSTEM_VALUE
                    | Kind::OVERRIDING_USER_VALUE,
                    _,
                ) => {}
                (Kind::DEFAULT_VALUES, None) => self.insert_defaults(&part, table),
                (Kind::VALUES, None) if default_rows(&part) > 0 => self.insert_defaults(&part, table),
                (kind, Some(stamp)) if is_query(kind) => self.query(&part, scope, Some(stamp))?,
                (kind, None) if is_query(kind) => {
                    return Err(ScopeError::InsertWithoutColumns { table: table.name().clone() });
                }
                (Kind::ON_CONFLICT_CLAUSE, _) => self.conflict(&part, changing, &target)?,
                (Kind::RETURNING_CLAUSE, _) => self.parts(&part, changing)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }

    /// Adds the tenant column to the columns that an INSERT lists, and says where its values belong; nothing without a list.
    pub(super) fn insert_columns(&mut self, insert: &Node, table: &Table) -> Result<Option<Stamp>, ScopeError> {
        let Some(list) = child(insert, Kind::COLUMN_TARGET_LIST) else { return Ok(None) };
        let key = table.tenant_key().unwrap_or_default();
        let mut columns = Vec::new();
        for target in list.children() {
            let mut parts = target.children();
            match (parts.next().as_ref().and_then(names::name), parts.next()) {
                (Some(name), None) => columns.push(name),
                _ => {
                    return Err(self.unsupported(
                        &target,
                        "an INSERT into a part of a column",
                        "insert the whole value",
                    ));
                }
            }
        }
        let position = columns.iter().position(|column| column == key);
        if position.is_none() {
            let last = children(&list, Kind::COLUMN_TARGET).last().ok_or_else(|| self.unknown(&list))?;
            self.edits.after(end(&last), &format!(", {}", names::quoted(key)));
        }
        Ok(Some(Stamp { table: table.name().clone(), key: key.to_owned(), columns: columns.len(), position }))
    }

    /// DEFAULT VALUES with the tenant, in as many rows as there were.
    pub(super) fn insert_defaults(&mut self, defaults: &Node, table: &Table) {
        let key = names::quoted(table.tenant_key().unwrap_or_default());
        let row = format!("({})", self.tenant());
        let rows = vec![row; default_rows(defaults).max(1)].join(", ");
        self.edits.replace(defaults, format!("({key}) VALUES {rows}"));
    }
}

/// How many rows a VALUES has, if each value of each is DEFAULT: SeaORM inserts `VALUES (DEFAULT)` without columns.
fn default_rows(values: &Node) -> usize {
    let is_default = |value: Node| only_token(&value).is_some_and(|token| token.kind() == Kind::DEFAULT_KW);
    let rows: Vec<Node> = values.children().flat_map(|list| list.children()).collect();
    let plain = values.children().all(|part| part.kind() == Kind::ROW_LIST)
        && rows.iter().all(|row| row.kind() == Kind::ROW && row.children().all(is_default));
    if plain { rows.len() } else { 0 }
}
