//! Joins.

use super::error::ScopeError;
use super::from::{From, Place};
use super::names::Scope;
use super::reference::Reference;
use super::syntax::{Kind, Node};
use super::walk::Walk;

impl<'a> Walk<'a> {
    /// A join. Its predicates go where they leave the rows of an outer join's other side alone: the condition for the side
    /// that may be missing, further out for the side that is kept.
    pub(super) fn join(
        &mut self,
        item: &Node,
        scope: &Scope<'_>,
        place: Place,
        from: &mut From<'a>,
    ) -> Result<Vec<Reference<'a>>, ScopeError> {
        let mut sides = item.children();
        let (Some(left), Some(join), None) = (sides.next(), sides.next(), sides.next()) else {
            return Err(self.unknown(item));
        };
        let mut parts = join.children();
        let (Some(kind), Some(right)) = (parts.next(), parts.next()) else { return Err(self.unknown(&join)) };
        let (left_may_miss, right_may_miss) = match kind.kind() {
            Kind::JOIN_INNER | Kind::JOIN_CROSS => (false, false),
            Kind::JOIN_LEFT => (false, true),
            Kind::JOIN_RIGHT => (true, false),
            Kind::JOIN_FULL => (true, true),
            _ => return Err(self.unknown(&kind)),
        };
        let condition = parts.next();
        let on = condition.as_ref().filter(|condition| condition.kind() == Kind::ON_CLAUSE);
        // In the ON of a FULL JOIN a predicate would turn foreign rows into unmatched ones.
        let in_condition = on.is_some() && kind.kind() != Kind::JOIN_FULL;
        let side = |may_miss: bool| if may_miss && !in_condition { Place::Table } else { place };
        let left_pending = self.source(&left, scope, side(left_may_miss), from)?;
        let right_pending = self.source(&right, scope, side(right_may_miss), from)?;
        match &condition {
            Some(clause) if clause.kind() == Kind::ON_CLAUSE => self.parts(clause, scope)?,
            Some(clause) if clause.kind() == Kind::JOIN_USING_CLAUSE => {}
            Some(other) => return Err(self.unknown(other)),
            None => {}
        }
        if let Some(extra) = parts.next() {
            return Err(self.unknown(&extra));
        }
        let (mut kept, mut missing) = (Vec::new(), Vec::new());
        if left_may_miss { &mut missing } else { &mut kept }.extend(left_pending);
        if right_may_miss { &mut missing } else { &mut kept }.extend(right_pending);
        // Only a join with a condition leaves predicates to it.
        if let Some(on) = on {
            self.restrict(Some(on), 0, &missing)?;
        } else if !missing.is_empty() {
            return Err(self.unknown(item));
        }
        Ok(kept)
    }
}
