//! Queries: what gives rows by itself or as part of another statement.

use super::error::ScopeError;
use super::names::Scope;
use super::reference::{Reference, Relation};
use super::stamp::Stamp;
use super::syntax::{Kind, Node, child, children, end, token};
use super::walk::Walk;

impl Walk<'_> {
    /// A query with its WITH. `stamp`: it feeds an INSERT, whose tenant column it must fill.
    pub(super) fn query(&mut self, node: &Node, scope: &Scope<'_>, stamp: Option<&Stamp>) -> Result<(), ScopeError> {
        // The WITH of a set operation stands in the tree below its first operand, and is seen by all of them.
        let names = self.with(&first_operand(node), scope)?;
        self.operand(node, &scope.with(&names), stamp)
    }

    /// A query whose WITH is in `scope` already.
    fn operand(&mut self, node: &Node, scope: &Scope<'_>, stamp: Option<&Stamp>) -> Result<(), ScopeError> {
        match node.kind() {
            Kind::SELECT => self.select(node, scope, stamp),
            Kind::COMPOUND_SELECT => self.compound(node, scope, stamp),
            Kind::PAREN_SELECT | Kind::PAREN_EXPR => self.bracketed(node, scope, stamp),
            Kind::VALUES => self.values(node, scope, stamp),
            Kind::TABLE => self.table_command(node, scope, stamp),
            Kind::SELECT_INTO => Err(ScopeError::Statement { kind: "SELECT INTO".to_owned() }),
            _ => Err(self.unknown(node)),
        }
    }

    fn compound(&mut self, node: &Node, scope: &Scope<'_>, stamp: Option<&Stamp>) -> Result<(), ScopeError> {
        for (position, part) in node.children().enumerate() {
            match part.kind() {
                Kind::UNION | Kind::INTERSECT | Kind::EXCEPT if position == 1 => {}
                // A column that is the same for all operands' rows changes no comparison between them, so a stamp is
                // as right here as in a plain SELECT.
                _ if position == 0 => self.operand(&part, scope, stamp)?,
                _ if position == 2 && child(&first_operand(&part), Kind::WITH_CLAUSE).is_none() => {
                    self.operand(&part, scope, stamp)?;
                }
                _ => self.tail(&part, scope)?,
            }
        }
        Ok(())
    }

    fn bracketed(&mut self, node: &Node, scope: &Scope<'_>, stamp: Option<&Stamp>) -> Result<(), ScopeError> {
        let mut inside = false;
        for part in node.children().filter(|part| part.kind() != Kind::WITH_CLAUSE) {
            match part.kind() {
                _ if !std::mem::replace(&mut inside, true) => self.query(&part, scope, stamp)?,
                _ => self.tail(&part, scope)?,
            }
        }
        if inside { Ok(()) } else { Err(self.unknown(node)) }
    }

    fn values(&mut self, node: &Node, scope: &Scope<'_>, stamp: Option<&Stamp>) -> Result<(), ScopeError> {
        for part in node.children() {
            match part.kind() {
                Kind::WITH_CLAUSE => {}
                Kind::ROW_LIST => {
                    for row in part.children() {
                        if row.kind() != Kind::ROW {
                            return Err(self.unknown(&row));
                        }
                        self.parts(&row, scope)?;
                        if let Some(stamp) = stamp {
                            self.stamp_row(&row, stamp)?;
                        }
                    }
                }
                _ => self.tail(&part, scope)?,
            }
        }
        Ok(())
    }

    /// `TABLE t`, which is `SELECT * FROM t`.
    fn table_command(&mut self, node: &Node, scope: &Scope<'_>, stamp: Option<&Stamp>) -> Result<(), ScopeError> {
        if stamp.is_some() {
            return Err(self.unsupported(node, "INSERT from TABLE", "write a SELECT that lists its columns"));
        }
        for part in node.children() {
            match part.kind() {
                Kind::WITH_CLAUSE => {}
                Kind::RELATION_NAME => {
                    let name = child(&part, Kind::RELATION_NAME_REF).ok_or_else(|| self.unknown(&part))?;
                    let Relation::Table(table) = self.relation(&name, scope)? else { continue };
                    self.qualify(&name, table);
                    if table.tenant_key().is_some() {
                        let keyword = token(node, Kind::TABLE_KW).ok_or_else(|| self.unknown(node))?;
                        let range = keyword.text_range();
                        self.edits.replace_range(range.start().into(), range.end().into(), "SELECT * FROM".to_owned());
                        let reference = Reference { name: table.name().table.clone(), table };
                        self.restrict(None, end(&part), &[reference])?;
                    }
                }
                _ => self.tail(&part, scope)?,
            }
        }
        Ok(())
    }

    /// What may follow any query: ORDER BY, LIMIT, OFFSET, FETCH, FOR UPDATE.
    pub(super) fn tail(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        match node.kind() {
            Kind::ORDER_BY_CLAUSE | Kind::LIMIT_CLAUSE | Kind::OFFSET_CLAUSE | Kind::FETCH_CLAUSE => {
                self.parts(node, scope)
            }
            Kind::LOCKING_CLAUSE => self.locking(node),
            _ => Err(self.unknown(node)),
        }
    }

    /// FOR UPDATE and its like. References keep their names, so OF still says the right ones.
    fn locking(&mut self, node: &Node) -> Result<(), ScopeError> {
        self.writes = true;
        for part in node.children() {
            match part.kind() {
                Kind::FOR_UPDATE | Kind::FOR_NO_KEY_UPDATE | Kind::FOR_SHARE | Kind::FOR_KEY_SHARE => {}
                Kind::SKIP_LOCKED | Kind::NOWAIT => {}
                Kind::LOCKING_OF if part.children().all(|name| name.kind() == Kind::NAME_REF) => {}
                _ => return Err(self.unknown(&part)),
            }
        }
        Ok(())
    }
}

/// The first operand of a set operation, however many there are; a query by itself otherwise.
fn first_operand(query: &Node) -> Node {
    let mut node = query.clone();
    while node.kind() == Kind::COMPOUND_SELECT {
        let Some(first) = node.children().next() else { break };
        node = first;
    }
    node
}

/// Whether a node is a query.
pub(super) const fn is_query(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::SELECT | Kind::SELECT_INTO | Kind::COMPOUND_SELECT | Kind::PAREN_SELECT | Kind::VALUES | Kind::TABLE
    )
}

/// The target list's items.
pub(super) fn targets(select: &Node) -> Vec<Node> {
    child(select, Kind::SELECT_CLAUSE)
        .and_then(|clause| child(&clause, Kind::TARGET_LIST))
        .map(|list| children(&list, Kind::TARGET).collect())
        .unwrap_or_default()
}

/// Whether a target or value stands for any number of columns: `*` or `t.*`, in any number of brackets.
pub(super) fn is_star(node: &Node) -> bool {
    let may_hold = |kind| matches!(kind, Kind::TARGET | Kind::PAREN_EXPR | Kind::FIELD_EXPR);
    (matches!(node.kind(), Kind::TARGET | Kind::FIELD_EXPR) && token(node, Kind::STAR).is_some())
        || (may_hold(node.kind()) && node.children().any(|inner| is_star(&inner)))
}
