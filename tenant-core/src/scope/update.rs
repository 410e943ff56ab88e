//! UPDATE.

use super::error::ScopeError;
use super::from::From;
use super::names::{self, Scope};
use super::reference::Reference;
use super::syntax::{Kind, Node, child, end};
use super::walk::Walk;

impl<'a> Walk<'a> {
    pub(super) fn update(&mut self, node: &Node, outer: &Scope<'_>) -> Result<(), ScopeError> {
        self.writes = true;
        let names = self.with(node, outer)?;
        let scope = &outer.with(&names);
        let target = self.changed(node)?;
        let from_clause = child(node, Kind::FROM_CLAUSE);
        let mut from = match &from_clause {
            Some(clause) => self.sources(clause, scope)?,
            None => From::default(),
        };
        let mut rows = target.rows();
        rows.extend(std::mem::take(&mut from.rows));
        let scope = &scope.over(&rows);
        let mut place = 0;
        for part in node.children() {
            match part.kind() {
                Kind::WITH_CLAUSE | Kind::RELATION_NAME | Kind::OPTIONAL_AS_ALIAS => {}
                Kind::SET_CLAUSE => {
                    place = end(&part);
                    self.assignments(&part, scope, &target, false)?;
                }
                Kind::FROM_CLAUSE => place = end(&part),
                Kind::WHERE_CLAUSE | Kind::RETURNING_CLAUSE => self.parts(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        from.pending.insert(0, target);
        self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), place, &from.pending)
    }

    /// The table that an UPDATE or DELETE changes.
    pub(super) fn changed(&mut self, node: &Node) -> Result<Reference<'a>, ScopeError> {
        let relation = child(node, Kind::RELATION_NAME).ok_or_else(|| self.unknown(node))?;
        let target = child(&relation, Kind::RELATION_NAME_REF).ok_or_else(|| self.unknown(&relation))?;
        let table = self.target(&target)?;
        self.qualify(&target, table);
        self.found(table);
        Ok(Reference { name: names::alias(node).unwrap_or_else(|| table.name().table.clone()), table })
    }
}
