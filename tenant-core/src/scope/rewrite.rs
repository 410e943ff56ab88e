//! A rewritten statement: text and parameter rules, never values.

use std::mem::size_of;
use std::sync::Arc;

use sea_orm::{DbBackend, Statement, Value, Values};

use super::error::ScopeError;
use super::logged_read::LoggedRead;
use crate::{TableName, TenantId};

/// A statement's text after rewriting, and what is checked and added each time that it runs.
#[derive(Clone, Debug)]
pub struct Rewrite {
    pub(super) sql: Arc<str>,
    pub(super) parameters: usize,
    pub(super) names_tenant: bool,
    pub(super) writes: bool,
    pub(super) calls_unlisted: bool,
    pub(super) checks: Vec<TenantParameter>,
    pub(super) logged_read: Option<Arc<LoggedRead>>,
}

/// A parameter that stands for the tenant column.
///
/// The text that is sent has the tenant's own parameter in its place, so the value is only compared, never changed, and
/// keeps its meaning where it is used elsewhere.
#[derive(Clone, Debug)]
pub(super) struct TenantParameter {
    /// As in `$number`.
    pub(super) number: usize,
    pub(super) table: TableName,
    pub(super) column: String,
    /// Whether NULL counts as not given, as in an INSERT: `insert_many` of mixed models binds it.
    pub(super) null_is_absent: bool,
}

/// A statement ready to be sent.
#[derive(Clone, Debug)]
pub struct ScopedStatement {
    pub(super) rewrite: Arc<Rewrite>,
    pub(super) values: Values,
}

impl ScopedStatement {
    /// The framework's own text, which names the tenant already and writes nothing.
    pub(crate) fn of_the_framework(sql: String, values: Values) -> Self {
        let rewrite = Rewrite {
            sql: sql.into(),
            parameters: values.0.len(),
            names_tenant: false,
            writes: false,
            calls_unlisted: false,
            checks: Vec::new(),
            logged_read: None,
        };
        Self { rewrite: Arc::new(rewrite), values }
    }

    /// The text to send. Cloning it copies nothing.
    #[must_use]
    pub fn sql(&self) -> &Arc<str> {
        &self.rewrite.sql
    }

    /// The values to send, the tenant among them.
    #[must_use]
    pub const fn values(&self) -> &Values {
        &self.values
    }

    /// Whether it changes or locks rows, or may do so by a function that the application allowed, and so needs a transaction
    /// that can write.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.rewrite.writes
    }

    /// What the access log says of it, if it reads tables that are marked for that.
    pub(crate) fn logged_read(&self) -> Option<&Arc<LoggedRead>> {
        self.rewrite.logged_read.as_ref()
    }

    /// Whether it calls a function that the application allowed: nobody knows what that does to its session.
    pub(crate) fn calls_unlisted(&self) -> bool {
        self.rewrite.calls_unlisted
    }

    pub(crate) fn into_parts(self) -> (Arc<str>, Values) {
        (Arc::clone(&self.rewrite.sql), self.values)
    }
}

impl From<ScopedStatement> for Statement {
    fn from(scoped: ScopedStatement) -> Self {
        let sql = scoped.rewrite.sql.to_string();
        Self { sql, values: Some(scoped.values), db_backend: DbBackend::Postgres }
    }
}

impl Rewrite {
    /// The text to send.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Whether the statement changes or locks rows, or may do so by a function that the application allowed, and so needs a
    /// transaction that can write.
    #[must_use]
    pub const fn writes(&self) -> bool {
        self.writes
    }

    /// The tables marked `audit(reads)` that the statement reads, if it does.
    #[must_use]
    pub fn logged_read(&self) -> Option<&LoggedRead> {
        self.logged_read.as_deref()
    }

    /// The values to send: the statement's own, and the tenant where the text names it.
    ///
    /// # Errors
    /// [`ScopeError::ParameterCount`] when the values don't fit the text, [`ScopeError::TenantMismatch`] and
    /// [`ScopeError::TenantType`] when a value given for the tenant column is not this tenant.
    pub fn bind(&self, values: Option<Values>, tenant: TenantId) -> Result<Values, ScopeError> {
        let mut values = values.unwrap_or(Values(Vec::new()));
        if values.0.len() != self.parameters {
            return Err(ScopeError::ParameterCount { used: self.parameters, given: values.0.len() });
        }
        for check in &self.checks {
            check.run(&values.0[check.number - 1], tenant)?;
        }
        if self.names_tenant {
            values.0.push(tenant.into());
        }
        Ok(values)
    }

    /// What keeping it costs, in bytes beside its own size.
    pub(super) fn weight(&self) -> usize {
        let names = |check: &TenantParameter| check.table.schema.len() + check.table.table.len() + check.column.len();
        let checks = self.checks.iter().map(|check| size_of::<TenantParameter>() + names(check));
        self.sql.len() + checks.sum::<usize>() + self.logged_read.as_ref().map_or(0, |read| read.weight())
    }
}

impl TenantParameter {
    fn run(&self, value: &Value, tenant: TenantId) -> Result<(), ScopeError> {
        let (table, column) = (self.table.clone(), self.column.clone());
        match value {
            Value::Uuid(Some(id)) if *id == tenant.as_uuid() => Ok(()),
            Value::Uuid(Some(_)) => Err(ScopeError::TenantMismatch { table, column }),
            null if *null == null.as_null() && self.null_is_absent => Ok(()),
            null if *null == null.as_null() => Err(ScopeError::TenantMismatch { table, column }),
            _ => Err(ScopeError::TenantType { table, column }),
        }
    }
}
