//! WITH: common table expressions and who sees them.

use super::error::ScopeError;
use super::names::{self, Scope};
use super::syntax::{Kind, Node, child, children, token};
use super::walk::Walk;

impl Walk<'_> {
    /// The names that a statement's own WITH introduces, its queries checked; none without one.
    pub(super) fn with(&mut self, statement: &Node, outer: &Scope<'_>) -> Result<Vec<String>, ScopeError> {
        let Some(clause) = child(statement, Kind::WITH_CLAUSE) else { return Ok(Vec::new()) };
        if let Some(other) = clause.children().find(|node| node.kind() != Kind::WITH_TABLE) {
            return Err(self.unknown(&other));
        }
        let tables: Vec<Node> = children(&clause, Kind::WITH_TABLE).collect();
        let mut names = Vec::with_capacity(tables.len());
        for table in &tables {
            let name = child(table, Kind::CTE_NAME).and_then(|name| names::name(&name));
            names.push(name.ok_or_else(|| self.unknown(table))?);
        }
        let recursive = token(&clause, Kind::RECURSIVE_KW).is_some();
        for (index, table) in tables.iter().enumerate() {
            // Without RECURSIVE a query sees those before it: in `WITH t AS (SELECT … FROM t)` the inner t is the table.
            let visible = if recursive { names.as_slice() } else { &names[..index] };
            self.with_table(table, &outer.with(visible))?;
        }
        Ok(names)
    }

    fn with_table(&mut self, table: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in table.children() {
            match part.kind() {
                Kind::CTE_NAME | Kind::COLUMN_LIST | Kind::MATERIALIZED | Kind::NOT_MATERIALIZED => {}
                Kind::SEARCH_CLAUSE | Kind::CYCLE_CLAUSE => self.order_of_visits(&part, scope)?,
                _ => self.statement(&part, scope)?,
            }
        }
        Ok(())
    }

    /// SEARCH and CYCLE: columns' names, and the constants that mark a cycle.
    fn order_of_visits(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        for part in node.children() {
            match part.kind() {
                Kind::BREADTH_FIRST | Kind::DEPTH_FIRST | Kind::COLUMN_NAME_REF => {}
                Kind::SEARCH_COLUMNS
                | Kind::SEARCH_SET_COLUMN
                | Kind::CYCLE_COLUMNS
                | Kind::CYCLE_SET_COLUMN
                | Kind::CYCLE_COLUMN_TO
                | Kind::CYCLE_DEFAULT
                | Kind::CYCLE_PATH => self.order_of_visits(&part, scope)?,
                _ => self.expression(&part, scope)?,
            }
        }
        Ok(())
    }
}
