//! INSERT.

use super::error::ScopeError;
use super::names::{self, Scope};
use super::query::is_query;
use super::reference::Reference;
use super::stamp::Stamp;
use super::syntax::{Kind, Node, child, children, end};
use super::walk::Walk;

impl Walk<'_> {
    pub(super) fn insert(&mut self, node: &Node, outer: &Scope<'_>) -> Result<(), ScopeError> {
        self.writes = true;
        let names = self.with(node, outer)?;
        let scope = &outer.with(&names);
        let target = child(node, Kind::RELATION_NAME_REF).ok_or_else(|| self.unknown(node))?;
        let table = self.target(&target)?;
        let key = table.tenant_key().unwrap_or_default();
        self.qualify(&target, table);
        let name = names::alias(node).unwrap_or_else(|| table.name().table.clone());
        let list = child(node, Kind::COLUMN_TARGET_LIST);
        let stamp = match &list {
            Some(list) => {
                let columns = self.insert_columns(list)?;
                let position = columns.iter().position(|column| column == key);
                if position.is_none() {
                    let last = children(list, Kind::COLUMN_TARGET).last().ok_or_else(|| self.unknown(list))?;
                    self.edits.after(end(&last), &format!(", {}", names::quoted(key)));
                }
                Some(Stamp { table: table.name().clone(), key: key.to_owned(), columns: columns.len(), position })
            }
            None => None,
        };
        for part in node.children() {
            match part.kind() {
                Kind::WITH_CLAUSE | Kind::RELATION_NAME_REF | Kind::REQUIRED_AS_ALIAS | Kind::COLUMN_TARGET_LIST => {}
                Kind::OVERRIDING_SYSTEM_VALUE | Kind::OVERRIDING_USER_VALUE => {}
                Kind::DEFAULT_VALUES if list.is_none() => {
                    let row = format!("({}) VALUES ({})", names::quoted(key), self.tenant());
                    self.edits.replace(&part, row);
                }
                kind if is_query(kind) => match &stamp {
                    Some(stamp) => self.query(&part, scope, Some(stamp))?,
                    None => return Err(ScopeError::InsertWithoutColumns { table: table.name().clone() }),
                },
                Kind::ON_CONFLICT_CLAUSE => {
                    let reference = Reference { name: name.clone(), table };
                    self.conflict(&part, scope, &reference)?;
                }
                Kind::RETURNING_CLAUSE => self.parts(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }

    fn insert_columns(&self, list: &Node) -> Result<Vec<String>, ScopeError> {
        let column = |target: Node| {
            let mut parts = target.children();
            match (parts.next().as_ref().and_then(names::name), parts.next()) {
                (Some(name), None) => Ok(name),
                _ => Err(self.unsupported(&target, "an INSERT into a part of a column", "insert the whole value")),
            }
        };
        list.children().map(column).collect()
    }
}
