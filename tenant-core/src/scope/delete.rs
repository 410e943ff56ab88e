//! DELETE.

use super::error::ScopeError;
use super::from::From;
use super::names::Scope;
use super::syntax::{Kind, Node, child, end};
use super::walk::Walk;

impl Walk<'_> {
    pub(super) fn delete(&mut self, node: &Node, outer: &Scope<'_>) -> Result<(), ScopeError> {
        self.writes = true;
        let names = self.with(node, outer)?;
        let scope = &outer.with(&names);
        let target = self.changed(node)?;
        let using = child(node, Kind::USING_CLAUSE);
        let mut from = match &using {
            Some(clause) => self.sources(clause, scope)?,
            None => From::default(),
        };
        let mut rows = target.rows();
        rows.extend(std::mem::take(&mut from.rows));
        let scope = &scope.over(&rows);
        let mut place = 0;
        for part in node.children() {
            match part.kind() {
                Kind::WITH_CLAUSE => {}
                Kind::RELATION_NAME | Kind::OPTIONAL_AS_ALIAS => place = end(&part),
                Kind::USING_CLAUSE => place = end(&part),
                Kind::WHERE_CLAUSE | Kind::RETURNING_CLAUSE => self.parts(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        from.pending.insert(0, target);
        self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), place, &from.pending)
    }
}
