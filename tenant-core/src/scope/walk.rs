//! The walk over one statement: its state, and which statements there are.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::edits::Edits;
use super::error::{ScopeError, excerpt};
use super::function_item::function_row;
use super::logged_read::LoggedRead;
use super::names::{self, Scope};
use super::rewrite::{Rewrite, TenantParameter};
use super::rewriter::Known;
use super::syntax::{self, Kind, Node};
use crate::TableName;

/// Reads one statement and gathers the changes to it.
///
/// Each rule lists the kinds of node it knows and refuses the rest, so that no construct passes unread.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) known: &'a Known,
    sql: &'a str,
    /// The tenant's parameter, one past the statement's own.
    parameters: usize,
    /// Names that the statement itself gives to columns and rows.
    pub(super) introduced: HashSet<String>,
    /// The names that the statement gives, wherever, to rows of tables and functions.
    pub(super) plain_rows: HashSet<String>,
    pub(super) edits: Edits,
    pub(super) checks: Vec<TenantParameter>,
    /// The tables marked `audit(reads)` that it reads.
    pub(super) logged: BTreeSet<&'a TableName>,
    pub(super) names_tenant: bool,
    pub(super) writes: bool,
    /// Whether it calls a function that the application allowed.
    pub(super) calls_unlisted: bool,
    /// How many relations, calls and types have been judged.
    pub(super) judged: usize,
}

/// Refuses by its first keyword what is no query and no change of rows, before the parser is asked.
pub(super) fn check_first_word(word: &str) -> Result<(), ScopeError> {
    match word {
        // An opening bracket.
        "" | "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "VALUES" | "TABLE" | "WITH" => Ok(()),
        _ => Err(ScopeError::Statement { kind: excerpt(word, 0) }),
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(known: &'a Known, sql: &'a str, parameters: usize) -> Self {
        Self {
            known,
            sql,
            parameters,
            introduced: HashSet::new(),
            plain_rows: HashSet::new(),
            edits: Edits::default(),
            checks: Vec::new(),
            logged: BTreeSet::new(),
            names_tenant: false,
            writes: false,
            calls_unlisted: false,
            judged: 0,
        }
    }

    pub(super) fn run(mut self, statement: &Node) -> Result<Rewrite, ScopeError> {
        let mut to_judge = 0;
        for node in statement.descendants() {
            match node.kind() {
                Kind::COLUMN_NAME | Kind::TABLE_ALIAS => self.introduced.extend(names::name(&node)),
                Kind::FUNCTION_FROM_ITEM | Kind::ROWS_FROM_ITEM | Kind::RELATION_FROM_ITEM => {
                    self.plain_rows.extend(self.plain_row(&node));
                }
                Kind::RELATION_NAME_REF | Kind::TABLE_NAME_REF | Kind::CALL_EXPR | Kind::PATH_TYPE => to_judge += 1,
                _ => {}
            }
        }
        self.statement(statement, &Scope::ROOT)?;
        // A second net below the rules: whatever could reach data was looked at, once.
        if self.judged != to_judge {
            return Err(self.unsupported(statement, "a part that no rule has read", ""));
        }
        let sql: Arc<str> = self.edits.render(statement).into();
        Ok(Rewrite {
            logged_read: LoggedRead::new(&self.logged, &sql).map(Arc::new),
            sql,
            parameters: self.parameters,
            names_tenant: self.names_tenant,
            writes: self.writes || self.calls_unlisted,
            calls_unlisted: self.calls_unlisted,
            checks: self.checks,
        })
    }

    /// The name of a row of a table or function; none for what can only be a query's.
    fn plain_row(&self, item: &Node) -> Option<String> {
        if item.kind() != Kind::RELATION_FROM_ITEM {
            return function_row(item).map(|(name, _)| name);
        }
        let path = syntax::child(item, Kind::RELATION_NAME_REF)?;
        let path = names::path(&syntax::child(&path, Kind::PATH_REF)?)?;
        let table = path.last()?;
        let renames = syntax::child(item, Kind::FROM_ALIAS).is_some_and(|alias| alias.children().count() > 1);
        let is_table = !renames && self.known.registry.tables().any(|known| known.name().table == *table);
        is_table.then(|| names::alias(item).unwrap_or_else(|| table.clone()))
    }

    /// A whole statement, or one in WITH.
    pub(super) fn statement(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        match node.kind() {
            Kind::INSERT => self.insert(node, scope),
            Kind::UPDATE => self.update(node, scope),
            Kind::DELETE => self.delete(node, scope),
            Kind::MERGE => self.merge(node, scope),
            Kind::SELECT | Kind::COMPOUND_SELECT | Kind::PAREN_SELECT | Kind::VALUES | Kind::TABLE => {
                self.query(node, scope, None)
            }
            Kind::SELECT_INTO => Err(ScopeError::Statement { kind: "SELECT INTO".to_owned() }),
            kind => Err(ScopeError::Statement { kind: syntax::describe(kind).to_uppercase() }),
        }
    }

    /// The tenant's parameter, as text.
    pub(super) fn tenant(&mut self) -> String {
        self.names_tenant = true;
        format!("${}", self.parameters + 1)
    }

    /// The refusal of a node that no rule names.
    pub(super) fn unknown(&self, node: &Node) -> ScopeError {
        self.unsupported(node, syntax::describe(node.kind()), "")
    }

    /// The refusal of a construct, with what to write instead.
    pub(super) fn unsupported(&self, node: &Node, construct: impl Into<String>, instead: &'static str) -> ScopeError {
        ScopeError::Unsupported { construct: construct.into(), instead, excerpt: self.excerpt(node) }
    }

    /// At most one line of the text where the node stands.
    pub(super) fn excerpt(&self, node: &Node) -> String {
        excerpt(self.sql, syntax::start(node))
    }
}
