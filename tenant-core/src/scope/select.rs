//! A plain SELECT.

use super::error::ScopeError;
use super::names::Scope;
use super::stamp::Stamp;
use super::syntax::{Kind, Node, child, end};
use super::walk::Walk;

impl Walk<'_> {
    pub(super) fn select(&mut self, node: &Node, scope: &Scope<'_>, stamp: Option<&Stamp>) -> Result<(), ScopeError> {
        let from_clause = child(node, Kind::FROM_CLAUSE);
        let from = match &from_clause {
            Some(clause) => self.sources(clause, scope)?,
            None => super::from::From::default(),
        };
        let scope = &scope.over(&from.rows);
        let mut selects = false;
        for part in node.children() {
            match part.kind() {
                Kind::WITH_CLAUSE | Kind::FROM_CLAUSE => {}
                Kind::SELECT_CLAUSE => {
                    selects = true;
                    self.parts(&part, scope)?;
                }
                Kind::WHERE_CLAUSE | Kind::HAVING_CLAUSE | Kind::WINDOW_CLAUSE => self.parts(&part, scope)?,
                Kind::GROUP_BY_CLAUSE => {
                    self.parts(&part, scope)?;
                    self.check_grouping_sets(&part, node, &from)?;
                    self.check_wrapped_keys(&part, node, &from)?;
                    self.group_by_whole_keys(&part, node, &from);
                }
                _ => self.tail(&part, scope)?,
            }
        }
        if !selects {
            return Err(self.unknown(node));
        }
        if let Some(clause) = &from_clause {
            self.restrict(child(node, Kind::WHERE_CLAUSE).as_ref(), end(clause), &from.pending)?;
        }
        match stamp {
            Some(stamp) => self.stamp_targets(node, &from, stamp),
            None => Ok(()),
        }
    }
}
