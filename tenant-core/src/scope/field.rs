//! Fields: `a.b`, which means a column of `a`, and where `a` has none of that name the function call `b(a)`.

use super::error::ScopeError;
use super::functions;
use super::names::{self, Row, Scope};
use super::syntax::{Kind, Node, token};
use super::walk::Walk;
use crate::Table;

/// The columns that every table has. Where a row lies and which transaction wrote it tells how much others write.
const SYSTEM_COLUMNS: [&str; 6] = ["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"];

/// Whether every table has a column of this name.
pub(super) fn is_system_column(name: &str) -> bool {
    SYSTEM_COLUMNS.contains(&name)
}

/// Fields that results of allowed functions have, such as `jsonb_each`'s.
const RESULT_FIELDS: [&str; 3] = ["key", "value", "ordinality"];

impl Walk<'_> {
    /// `a.b`, `(row).b`, `a.*`. A column always goes before a function, so one that is there can't be a call in disguise.
    pub(super) fn field(&mut self, node: &Node, scope: &Scope<'_>) -> Result<(), ScopeError> {
        let mut parts = node.children();
        let (Some(base), field) = (parts.next(), parts.next()) else { return Err(self.unknown(node)) };
        match field {
            Some(field) if field.kind() == Kind::NAME_REF => {
                let name = names::name(&field).ok_or_else(|| self.unknown(&field))?;
                if is_system_column(&name) {
                    return Err(self.system_column(&field));
                }
                self.calls_unlisted |= self.known.functions.contains(std::slice::from_ref(&name));
                if !(functions::is_callable(&name, &self.known.functions) || self.is_column(&base, &name, scope)) {
                    return Err(ScopeError::Field { name });
                }
            }
            Some(other) => return Err(self.unknown(&other)),
            None if token(node, Kind::STAR).is_some() => {}
            None => return Err(self.unknown(node)),
        }
        // The parts before the last of `schema.table.column` are no fields.
        if names::column_path(&base).is_some() { Ok(()) } else { self.expression(&base, scope) }
    }

    /// Whether what `base` stands for has a column of this name.
    fn is_column(&self, base: &Node, name: &str, scope: &Scope<'_>) -> bool {
        // What stands in brackets may be a column that goes before a row of the same name: `(d).f` is not taken for the row `d`.
        match names::column_path(base).as_deref() {
            Some([row]) => match scope.row(row) {
                Some(Row::Table(table)) => self.has_column(table, name),
                Some(Row::Function(columns)) => columns.contains(name) || self.may_be_column(name),
                // Only where no other kind of row has that name: which of two PostgreSQL sees is not for us to say.
                Some(Row::Query) => {
                    (self.introduced.contains(name) && !self.plain_rows.contains(row)) || self.may_be_column(name)
                }
                None => self.may_be_column(name),
            },
            Some([schema, table]) => {
                self.known.registry.table(Some(schema), table).is_some_and(|table| self.has_column(table, name))
            }
            // Of a value nothing is known but its fields' names.
            _ => RESULT_FIELDS.contains(&name),
        }
    }

    pub(super) fn system_column(&self, node: &Node) -> ScopeError {
        let construct = format!("the system column {}", node.text());
        self.unsupported(node, construct, "name rows by their key")
    }

    fn has_column(&self, table: &Table, name: &str) -> bool {
        self.known.columns.get(table.name()).is_some_and(|columns| columns.contains(name))
    }

    fn may_be_column(&self, name: &str) -> bool {
        RESULT_FIELDS.contains(&name) || self.known.columns.values().any(|columns| columns.contains(name))
    }
}
