//! Types, where a value is cast to one.

use super::error::ScopeError;
use super::functions;
use super::names::{self, Scope};
use super::syntax::{Kind, Node, child, token};
use super::walk::Walk;

impl Walk<'_> {
    /// A type's name with its modifiers.
    pub(super) fn type_name(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        if !is_type(node.kind()) || token(node, Kind::SETOF_KW).is_some() {
            return Err(self.unknown(node));
        }
        if node.kind() == Kind::PATH_TYPE {
            self.judged += 1;
            let path = child(node, Kind::PATH_REF).and_then(|path| names::path(&path)).unwrap_or_default();
            if !functions::is_open_type(&path) {
                return Err(ScopeError::Type { name: path.join(".") });
            }
        }
        for part in node.children() {
            match part.kind() {
                Kind::PATH_REF if node.kind() == Kind::PATH_TYPE => {}
                Kind::ARRAY_BOUND | Kind::ARG_LIST => self.parts(&part, scope)?,
                Kind::LITERAL => self.expression(&part, scope)?,
                Kind::WITH_TIMEZONE | Kind::WITHOUT_TIMEZONE => {}
                kind if is_type(kind) => self.type_name(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }
}

/// Whether a node stands where a type does.
pub(super) const fn is_type(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ARRAY_TYPE
            | Kind::PATH_TYPE
            | Kind::VARCHAR_TYPE
            | Kind::CHARACTER_TYPE
            | Kind::BIT_TYPE
            | Kind::BIT_VARYING_TYPE
            | Kind::DOUBLE_TYPE
            | Kind::TIME_TYPE
            | Kind::TIMESTAMP_TYPE
            | Kind::INTERVAL_TYPE
            | Kind::INTERVAL_YEAR
            | Kind::INTERVAL_MONTH
            | Kind::INTERVAL_DAY
            | Kind::INTERVAL_HOUR
            | Kind::INTERVAL_MINUTE
            | Kind::INTERVAL_SECOND
    )
}
