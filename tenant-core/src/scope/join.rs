//! Joins.

use super::error::ScopeError;
use super::from::{From, Place};
use super::names::Scope;
use super::reference::Reference;
use super::syntax::{Kind, Node, token};
use super::walk::Walk;

/// Joins as PostgreSQL nests them.
///
/// The parser takes `a CROSS JOIN b LEFT JOIN c ON …` for `a CROSS JOIN (b LEFT JOIN c ON …)`; PostgreSQL joins from left
/// to right: `(a CROSS JOIN b) LEFT JOIN c ON …`. It matters for which side may be missing.
#[derive(Debug)]
enum Joined {
    Item(Node),
    Pair { left: Box<Joined>, join: Node, right: Box<Joined> },
}

impl Joined {
    fn read(item: Node) -> Option<Self> {
        if item.kind() != Kind::JOIN_EXPR {
            return Some(Self::Item(item));
        }
        let mut sides = item.children();
        let (left, join) = (Self::read(sides.next()?)?, sides.next()?);
        let right_item = join.children().nth(1)?;
        let without_condition =
            token(&join, Kind::NATURAL_KW).is_some() || join.children().any(|part| part.kind() == Kind::JOIN_CROSS);
        let right = Self::read(right_item)?;
        if sides.next().is_some() {
            return None;
        }
        Some(if without_condition {
            right.after(left, join)
        } else {
            Self::Pair { left: Box::new(left), join, right: Box::new(right) }
        })
    }

    /// Joins `before` to the first item of this.
    fn after(self, before: Self, by: Node) -> Self {
        match self {
            Self::Item(_) => Self::Pair { left: Box::new(before), join: by, right: Box::new(self) },
            Self::Pair { left, join, right } => Self::Pair { left: Box::new(left.after(before, by)), join, right },
        }
    }
}

impl<'a> Walk<'a> {
    pub(super) fn joined(
        &mut self,
        item: &Node,
        scope: &Scope<'_>,
        place: Place,
        from: &mut From<'a>,
    ) -> Result<Vec<Reference<'a>>, ScopeError> {
        let joined = Joined::read(item.clone()).ok_or_else(|| self.unknown(item))?;
        self.join(&joined, scope, place, from)
    }

    /// A join. Its predicates go where they leave the rows of an outer join's other side alone: the condition for the side
    /// that may be missing, further out for the side that is kept.
    fn join(
        &mut self,
        joined: &Joined,
        scope: &Scope<'_>,
        place: Place,
        from: &mut From<'a>,
    ) -> Result<Vec<Reference<'a>>, ScopeError> {
        let (left, join, right) = match joined {
            Joined::Item(item) => return self.source(item, scope, place, from),
            Joined::Pair { left, join, right } => (left, join, right),
        };
        let mut parts = join.children();
        let (Some(kind), Some(_)) = (parts.next(), parts.next()) else { return Err(self.unknown(join)) };
        let (left_may_miss, right_may_miss) = match kind.kind() {
            Kind::JOIN_INNER | Kind::JOIN_CROSS => (false, false),
            Kind::JOIN_LEFT => (false, true),
            Kind::JOIN_RIGHT => (true, false),
            Kind::JOIN_FULL => (true, true),
            _ => return Err(self.unknown(&kind)),
        };
        let condition = parts.next();
        if let Some(extra) = parts.next() {
            return Err(self.unknown(&extra));
        }
        let on = condition.as_ref().filter(|condition| condition.kind() == Kind::ON_CLAUSE);
        // In the ON of a FULL JOIN a predicate would turn foreign rows into unmatched ones.
        let in_condition = on.is_some() && kind.kind() != Kind::JOIN_FULL;
        let side = |may_miss: bool| if may_miss && !in_condition { Place::Table } else { place };
        let left_pending = self.join(left, scope, side(left_may_miss), from)?;
        let right_pending = self.join(right, scope, side(right_may_miss), from)?;
        match &condition {
            Some(clause) if clause.kind() == Kind::ON_CLAUSE => {
                self.beside(from, scope, |walk, scope| walk.parts(clause, scope))?;
            }
            Some(clause) if clause.kind() == Kind::JOIN_USING_CLAUSE => {}
            Some(other) => return Err(self.unknown(other)),
            None => {}
        }
        let (mut kept, mut missing) = (Vec::new(), Vec::new());
        if left_may_miss { &mut missing } else { &mut kept }.extend(left_pending);
        if right_may_miss { &mut missing } else { &mut kept }.extend(right_pending);
        // Only a join with a condition leaves predicates to it.
        match on {
            Some(on) => self.restrict(Some(on), 0, &missing)?,
            None if missing.is_empty() => {}
            None => return Err(self.unknown(join)),
        }
        Ok(kept)
    }
}
