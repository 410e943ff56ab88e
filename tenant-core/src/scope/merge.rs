//! MERGE.

use super::error::ScopeError;
use super::from::{From, Place};
use super::names::{self, Scope};
use super::query::is_query;
use super::reference::Reference;
use super::syntax::{Kind, Node, child, token};
use super::walk::Walk;

impl<'a> Walk<'a> {
    pub(super) fn merge(&mut self, node: &Node, outer: &Scope<'_>) -> Result<(), ScopeError> {
        self.writes = true;
        let names = self.with(node, outer)?;
        let scope = &outer.with(&names);
        let relation = child(node, Kind::TABLE_RELATION_NAME).ok_or_else(|| self.unknown(node))?;
        let name = child(&relation, Kind::TABLE_NAME_REF).ok_or_else(|| self.unknown(&relation))?;
        let table = self.target(&name)?;
        self.qualify(&name, table);
        self.found(table);
        let target = Reference { name: names::alias(node).unwrap_or_else(|| table.name().table.clone()), table };
        let using = child(node, Kind::USING_ON_CLAUSE).ok_or_else(|| self.unknown(node))?;
        let mut from = From { rows: target.rows(), ..From::default() };
        self.merge_source(&using, scope, &target, &mut from)?;
        let scope = &scope.over(&from.rows);
        for part in node.children() {
            match part.kind() {
                Kind::WITH_CLAUSE | Kind::TABLE_RELATION_NAME | Kind::OPTIONAL_AS_ALIAS | Kind::USING_ON_CLAUSE => {}
                Kind::MERGE_WHEN_MATCHED | Kind::MERGE_WHEN_NOT_MATCHED_TARGET => {
                    self.merge_when(&part, scope, &target)?;
                }
                Kind::MERGE_WHEN_NOT_MATCHED_SOURCE => {
                    self.merge_when(&part, scope, &target)?;
                    self.restrict_unmatched(&part, &target)?;
                }
                Kind::RETURNING_CLAUSE => self.parts(&part, scope)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }

    /// A foreign row of the source would be inserted as unmatched wherever a condition kept it out, so the source's
    /// predicates stand around its tables; the target's belongs to the condition.
    fn merge_source(
        &mut self,
        clause: &Node,
        scope: &Scope<'_>,
        target: &Reference<'_>,
        from: &mut From<'a>,
    ) -> Result<(), ScopeError> {
        for part in clause.children() {
            if part.kind() == Kind::ON_CLAUSE {
                self.beside(from, scope, |walk, scope| walk.parts(&part, scope))?;
                self.restrict(Some(&part), 0, std::slice::from_ref(target))?;
            } else {
                self.source(&part, scope, Place::Table, from)?;
            }
        }
        Ok(())
    }

    /// Each foreign row of the target is one that no row of the source matches.
    fn restrict_unmatched(&mut self, clause: &Node, target: &Reference<'_>) -> Result<(), ScopeError> {
        let target = std::slice::from_ref(target);
        if let Some(condition) = child(clause, Kind::MERGE_CONDITION) {
            return self.restrict(Some(&condition), 0, target);
        }
        let then = token(clause, Kind::THEN_KW).ok_or_else(|| self.unknown(clause))?;
        let tenant = self.tenant();
        let predicate = target.iter().find_map(|target| target.predicate(&tenant)).unwrap_or_default();
        self.edits.before(then.text_range().start().into(), &format!("AND {predicate}"));
        Ok(())
    }

    fn merge_when(&mut self, clause: &Node, scope: &Scope<'_>, target: &Reference<'_>) -> Result<(), ScopeError> {
        for part in clause.children() {
            match part.kind() {
                Kind::BY_TARGET | Kind::MERGE_DELETE | Kind::MERGE_DO_NOTHING => {}
                Kind::MERGE_CONDITION => self.parts(&part, scope)?,
                Kind::MERGE_UPDATE => {
                    for set in part.children() {
                        self.assignments(&set, scope, target, false)?;
                    }
                }
                Kind::MERGE_INSERT => self.merge_insert(&part, scope, target)?,
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }

    fn merge_insert(&mut self, node: &Node, scope: &Scope<'_>, target: &Reference<'_>) -> Result<(), ScopeError> {
        let stamp = self.insert_columns(node, target.table)?;
        for part in node.children() {
            match (part.kind(), &stamp) {
                (Kind::COLUMN_TARGET_LIST | Kind::OVERRIDING_SYSTEM_VALUE | Kind::OVERRIDING_USER_VALUE, _) => {}
                (Kind::DEFAULT_VALUES, None) => self.insert_defaults(&part, target.table),
                (kind, Some(stamp)) if is_query(kind) => self.query(&part, scope, Some(stamp))?,
                (kind, None) if is_query(kind) => {
                    return Err(ScopeError::InsertWithoutColumns { table: target.table.name().clone() });
                }
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }
}
