//! ON CONFLICT.

use super::error::ScopeError;
use super::names::{self, Scope};
use super::reference::Reference;
use super::syntax::{Kind, Node, child, end, only_token, token};
use super::walk::Walk;

impl<'a> Walk<'a> {
    pub(super) fn conflict(
        &mut self,
        clause: &Node,
        scope: &Scope<'_>,
        target: &Reference<'a>,
    ) -> Result<(), ScopeError> {
        self.found(target.table);
        for part in clause.children() {
            match part.kind() {
                Kind::CONFLICT_ON_INDEX => self.conflict_columns(&part, scope, target)?,
                // A constraint by name is one of this table's, and each of them contains the tenant column.
                Kind::CONFLICT_ON_CONSTRAINT | Kind::CONFLICT_DO_NOTHING => {}
                Kind::CONFLICT_DO_UPDATE_SET => self.conflict_update(&part, scope, target)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }

    /// The conflict's columns name a unique constraint, and in the database each of those is led by the tenant column.
    fn conflict_columns(&mut self, node: &Node, scope: &Scope<'_>, target: &Reference<'_>) -> Result<(), ScopeError> {
        for part in node.children() {
            match part.kind() {
                Kind::CONFLICT_INDEX_ITEM_LIST => self.conflict_items(&part, scope, target)?,
                Kind::WHERE_CLAUSE => self.parts(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }

    fn conflict_items(&mut self, list: &Node, scope: &Scope<'_>, target: &Reference<'_>) -> Result<(), ScopeError> {
        let key = target.table.tenant_key().unwrap_or_default();
        let mut has_key = false;
        for item in list.children() {
            has_key |= only_token(&item).is_some_and(|token| names::identifier(&token) == key);
            for part in item.children().filter(|part| part.kind() != Kind::OP_CLASS_REF) {
                self.expression(&part, scope)?;
            }
        }
        if !has_key {
            let bracket = token(list, Kind::L_PAREN).ok_or_else(|| self.unknown(list))?;
            self.edits.after(bracket.text_range().end().into(), &format!("{},", names::quoted(key)));
        }
        Ok(())
    }

    fn conflict_update(&mut self, node: &Node, scope: &Scope<'_>, target: &Reference<'_>) -> Result<(), ScopeError> {
        for part in node.children() {
            match part.kind() {
                Kind::SET_CLAUSE => self.assignments(&part, scope, target, true)?,
                Kind::WHERE_CLAUSE => self.parts(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        let set = child(node, Kind::SET_CLAUSE).ok_or_else(|| self.unknown(node))?;
        self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), end(&set), std::slice::from_ref(target))
    }
}
