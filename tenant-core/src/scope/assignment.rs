//! SET: changes of columns, never of the tenant.

use super::error::ScopeError;
use super::names::{self, Scope};
use super::reference::Reference;
use super::syntax::{Kind, Node, child, children};
use super::walk::Walk;

impl Walk<'_> {
    /// The assignments of an UPDATE, or of ON CONFLICT DO UPDATE, where `excluded` is the row that was proposed.
    pub(super) fn assignments(
        &mut self,
        clause: &Node,
        scope: &Scope<'_>,
        target: &Reference<'_>,
        in_conflict: bool,
    ) -> Result<(), ScopeError> {
        let list = child(clause, Kind::SET_COLUMN_LIST).ok_or_else(|| self.unknown(clause))?;
        for assignment in list.children() {
            match assignment.kind() {
                Kind::SET_SINGLE_COLUMN => self.assign(&assignment, scope, target, in_conflict)?,
                Kind::SET_MULTIPLE_COLUMNS => self.assign_several(&assignment, scope, target)?,
                _ => return Err(self.unknown(&assignment)),
            }
        }
        Ok(())
    }

    fn assign(
        &mut self,
        node: &Node,
        scope: &Scope<'_>,
        target: &Reference<'_>,
        in_conflict: bool,
    ) -> Result<(), ScopeError> {
        let key = target.table.tenant_key().unwrap_or_default();
        let column = child(node, Kind::COLUMN_TARGET).ok_or_else(|| self.unknown(node))?;
        let value = child(node, Kind::SET_EXPR).ok_or_else(|| self.unknown(node))?;
        self.assigned_part(&column, scope)?;
        self.parts(&value, scope)?;
        if !is_column(&column, key) {
            return Ok(());
        }
        // The row that is changed passed the predicate, and the row that was proposed was stamped.
        let own = [target.name.as_str(), key];
        let same = [own, if in_conflict { ["excluded", key] } else { own }];
        match value.children().next() {
            Some(value) if column.children().count() == 1 => self.assign_tenant(&value, target.table, &same),
            _ => Err(self.tenant_expression(&value, target.table.name(), key)),
        }
    }

    fn assign_several(&mut self, node: &Node, scope: &Scope<'_>, target: &Reference<'_>) -> Result<(), ScopeError> {
        let key = target.table.tenant_key().unwrap_or_default();
        for part in node.children() {
            match part.kind() {
                Kind::COLUMN_TARGET_LIST => {
                    for column in children(&part, Kind::COLUMN_TARGET) {
                        self.assigned_part(&column, scope)?;
                        if is_column(&column, key) {
                            return Err(self.tenant_expression(node, target.table.name(), key));
                        }
                    }
                }
                _ => self.expression(&part, scope)?,
            }
        }
        Ok(())
    }

    /// What follows the column's name in `column[1].field`.
    fn assigned_part(&mut self, column: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in column.children() {
            match part.kind() {
                Kind::COLUMN_NAME_REF | Kind::FIELD_ACCESSOR => {}
                _ => self.expression(&part, scope)?,
            }
        }
        Ok(())
    }
}

fn is_column(target: &Node, key: &str) -> bool {
    child(target, Kind::COLUMN_NAME_REF).and_then(|name| names::name(&name)).is_none_or(|name| name == key)
}
