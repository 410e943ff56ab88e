//! What a relation's name stands for, and the predicate that a scoped one must have.

use super::error::ScopeError;
use super::names::{self, Row, Rows, Scope};
use super::syntax::{Kind, Node, child, end, start};
use super::walk::Walk;
use crate::table::DEFAULT_SCHEMA;
use crate::{Table, TableName};

/// What a relation's name stands for.
#[derive(Debug)]
pub(super) enum Relation<'a> {
    /// A common table expression, whose own query is scoped.
    CommonTable,
    Table(&'a Table),
}

/// A table where a statement reads or changes it, under the name it has there.
#[derive(Clone, Debug)]
pub(super) struct Reference<'a> {
    pub(super) name: String,
    pub(super) table: &'a Table,
}

impl<'a> Reference<'a> {
    /// The rows that a statement which changes this table names: those of the table, as they were, are and were proposed.
    pub(super) fn rows(&self) -> Rows<'a> {
        let names = ["old", "new", "excluded", self.name.as_str()];
        names.into_iter().map(|name| (name.to_owned(), Row::Table(self.table))).collect()
    }

    /// The tenant's predicate, if the table is scoped.
    pub(super) fn predicate(&self, tenant: &str) -> Option<String> {
        let key = self.table.tenant_key()?;
        Some(format!("{}.{} = {tenant}", names::quoted(&self.name), names::quoted(key)))
    }
}

impl<'a> Walk<'a> {
    /// What a relation that is read stands for: a name without a schema may be a common table expression.
    pub(super) fn relation(&mut self, name: &Node, scope: &Scope<'_>) -> Result<Relation<'a>, ScopeError> {
        let path = self.relation_path(name)?;
        let relation = match path.as_slice() {
            [bare] if scope.sees(bare) => Ok(Relation::CommonTable),
            _ => self.table(name, &path).map(Relation::Table),
        }?;
        if let Relation::Table(table) = &relation
            && table.audited().logs_reads()
        {
            self.logged.insert(table.name());
        }
        Ok(relation)
    }

    /// Notes that a write finds rows of its table, which says what they hold: where its triggers don't log that, it is a read.
    pub(super) fn found(&mut self, table: &'a Table) {
        if table.audited().logs_reads() && !table.audited().logs_writes() {
            self.logged.insert(table.name());
        }
    }

    /// The table that is written. PostgreSQL never takes a common table expression for it.
    pub(super) fn target(&mut self, name: &Node) -> Result<&'a Table, ScopeError> {
        let path = self.relation_path(name)?;
        let table = self.table(name, &path)?;
        if table.tenant_key().is_none() {
            return Err(ScopeError::WriteToShared { table: table.name().clone() });
        }
        Ok(table)
    }

    /// Has the table sent with its schema, so that nothing earlier in the search path takes its place.
    pub(super) fn qualify(&mut self, name: &Node, table: &Table) {
        self.edits.replace(name, names::quoted_table(table.name()));
    }

    /// Adds the references' predicates to a condition, or after `place` where there is no WHERE yet.
    pub(super) fn restrict(
        &mut self,
        clause: Option<&Node>,
        place: usize,
        references: &[Reference<'_>],
    ) -> Result<(), ScopeError> {
        let tenant = self.tenant_if(references);
        let predicates: Vec<String> = references.iter().filter_map(|reference| reference.predicate(&tenant)).collect();
        if predicates.is_empty() {
            return Ok(());
        }
        let predicates = predicates.join(" AND ");
        let Some(clause) = clause else {
            self.edits.after(place, &format!("WHERE {predicates}"));
            return Ok(());
        };
        // All of it: the parser takes `a::int BETWEEN 1 AND 2` for two expressions, one after the other.
        let mut condition = clause.children();
        let first = condition.next().ok_or_else(|| self.unknown(clause))?;
        let last = condition.last().unwrap_or_else(|| first.clone());
        self.edits.before(start(&first), "(");
        self.edits.after(end(&last), &format!(") AND {predicates}"));
        Ok(())
    }

    fn tenant_if(&mut self, references: &[Reference<'_>]) -> String {
        let any = references.iter().any(|reference| reference.table.tenant_key().is_some());
        if any { self.tenant() } else { String::new() }
    }

    fn relation_path(&mut self, name: &Node) -> Result<Vec<String>, ScopeError> {
        self.judged += 1;
        child(name, Kind::PATH_REF)
            .and_then(|path| names::path(&path))
            .filter(|path| matches!(path.len(), 1 | 2))
            .ok_or_else(|| self.unsupported(name, "a relation's name of this form", "write `table` or `schema.table`"))
    }

    fn table(&self, name: &Node, path: &[String]) -> Result<&'a Table, ScopeError> {
        let (schema, table) = match path {
            [table] => (None, table),
            [schema, table] => (Some(schema.as_str()), table),
            _ => return Err(self.unknown(name)),
        };
        if let Some(table) = self.known.registry.table(schema, table) {
            return Ok(table);
        }
        if schema.unwrap_or(table).starts_with("pg_") || schema == Some("information_schema") {
            return Err(ScopeError::SystemCatalog { name: path.join(".") });
        }
        Err(ScopeError::UnknownTable { table: TableName::new(schema.unwrap_or(DEFAULT_SCHEMA), table) })
    }
}
