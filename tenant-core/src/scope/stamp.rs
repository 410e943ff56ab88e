//! The tenant column's value in a new or changed row: always the tenant's own parameter, whatever stood there.

use super::error::ScopeError;
use super::from::From;
use super::names;
use super::query::{is_star, targets};
use super::rewrite::TenantParameter;
use super::syntax::{Kind, Node, end, only_token, tokens};
use super::walk::Walk;
use crate::{Table, TableName};

/// Where the rows of an INSERT's source get their tenant.
#[derive(Debug)]
pub(super) struct Stamp {
    pub(super) table: TableName,
    /// The tenant column.
    pub(super) key: String,
    /// How many columns the INSERT lists.
    pub(super) columns: usize,
    /// Which of them is the tenant column; nothing when it was not listed and comes last.
    pub(super) position: Option<usize>,
}

impl Walk<'_> {
    pub(super) fn stamp_row(&mut self, row: &Node, stamp: &Stamp) -> Result<(), ScopeError> {
        let values: Vec<Node> = row.children().collect();
        // The parser can read one value as two nodes (`a::t BETWEEN b AND c`), and `(row).*` is one node for many values: by
        // either, a value could slide into the tenant's place.
        let separate = tokens(row).filter(|token| token.kind() == Kind::COMMA).count() + 1 == values.len();
        if !separate || values.iter().any(is_star) {
            return Err(self.unsupported(
                row,
                "a row whose values can't be counted",
                "bracket each value, and list no `*`",
            ));
        }
        if values.len() != stamp.columns {
            return Err(self.unsupported(row, "a row with more or fewer values than columns", "give one for each"));
        }
        match (stamp.position, values.last()) {
            (Some(position), _) => self.stamp_value(&values[position], stamp),
            (None, Some(last)) => {
                self.append(last);
                Ok(())
            }
            (None, None) => Err(self.unknown(row)),
        }
    }

    pub(super) fn stamp_targets(&mut self, select: &Node, from: &From<'_>, stamp: &Stamp) -> Result<(), ScopeError> {
        let targets = targets(select);
        let Some(position) = stamp.position else {
            let last = targets.last().ok_or_else(|| self.unknown(select))?;
            self.append(last);
            return Ok(());
        };
        let before: Vec<&Node> = targets.iter().take(position + 1).collect();
        let value = before.last().and_then(|target| {
            let mut parts = target.children().filter(|part| part.kind() != Kind::AS_NAME);
            parts.next().filter(|_| parts.next().is_none())
        });
        let counted = before.len() == position + 1 && !before.iter().any(|target| is_star(target));
        let Some(value) = value.filter(|_| counted) else {
            return Err(self.unsupported(select, "INSERT with `*` before the tenant column", "list the columns"));
        };
        // A scoped table's own tenant column is the tenant, or NULL where an outer join found no row.
        let is_own = match names::column_path(&value).as_deref() {
            Some([name, column]) => from
                .tables
                .iter()
                .any(|reference| reference.name == *name && reference.table.tenant_key() == Some(column)),
            _ => false,
        };
        if is_own {
            let tenant = self.tenant();
            self.edits.replace(&value, tenant);
            return Ok(());
        }
        self.stamp_value(&value, stamp)
    }

    /// A value given for the tenant column in an INSERT.
    fn stamp_value(&mut self, value: &Node, stamp: &Stamp) -> Result<(), ScopeError> {
        if only_token(value).is_some_and(|token| matches!(token.kind(), Kind::NULL_KW | Kind::DEFAULT_KW)) {
            let tenant = self.tenant();
            self.edits.replace(value, tenant);
            return Ok(());
        }
        self.tenant_parameter(value, &stamp.table, &stamp.key, true)
    }

    /// A value given for the tenant column in SET.
    pub(super) fn assign_tenant(&mut self, value: &Node, table: &Table, same: &[[&str; 2]]) -> Result<(), ScopeError> {
        let key = table.tenant_key().unwrap_or_default();
        let path = names::column_path(value);
        let is_same = match path.as_deref() {
            Some([name, column]) => same.contains(&[name, column]),
            _ => false,
        };
        if is_same {
            let tenant = self.tenant();
            self.edits.replace(value, tenant);
            return Ok(());
        }
        self.tenant_parameter(value, table.name(), key, false)
    }

    fn tenant_parameter(
        &mut self,
        value: &Node,
        table: &TableName,
        key: &str,
        null_is_absent: bool,
    ) -> Result<(), ScopeError> {
        let number = only_token(value)
            .filter(|token| token.kind() == Kind::POSITIONAL_PARAM)
            .and_then(|token| token.text().strip_prefix('$')?.parse().ok());
        let Some(number) = number else { return Err(self.tenant_expression(value, table, key)) };
        self.checks.push(TenantParameter { number, table: table.clone(), column: key.to_owned(), null_is_absent });
        let tenant = self.tenant();
        self.edits.replace(value, tenant);
        Ok(())
    }

    pub(super) fn tenant_expression(&self, value: &Node, table: &TableName, key: &str) -> ScopeError {
        ScopeError::TenantColumn { table: table.clone(), column: key.to_owned(), excerpt: self.excerpt(value) }
    }

    fn append(&mut self, last: &Node) {
        let tenant = self.tenant();
        self.edits.after(end(last), &format!(", {tenant}"));
    }
}
