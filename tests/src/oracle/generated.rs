//! A statement made by a generator, before any tenant runs it.

use std::fmt;

use sea_orm::{DbBackend, Statement, Value, Values};
use tenant_core::TenantId;
use uuid::Uuid;

/// Stands among a statement's values for the id of the tenant that runs it.
pub const OWN_TENANT: Uuid = Uuid::from_u128(u128::MAX);

/// What a statement does to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reads, and perhaps locks.
    Read,
    /// Changes rows, or tries to.
    Write,
}

/// A random statement, the same for each tenant.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Which generator made it.
    pub family: &'static str,
    /// What it does to rows.
    pub effect: Effect,
    /// Whether the order of its rows is determined, so that it must be the same.
    pub ordered: bool,
    statement: Statement,
}

impl Generated {
    /// A statement that reads.
    #[must_use]
    pub const fn read(family: &'static str, ordered: bool, statement: Statement) -> Self {
        Self { family, effect: Effect::Read, ordered, statement }
    }

    /// A statement that changes rows.
    #[must_use]
    pub const fn write(family: &'static str, statement: Statement) -> Self {
        Self { family, effect: Effect::Write, ordered: false, statement }
    }

    /// A text, for a statement found by hand or by an earlier run.
    #[must_use]
    pub fn from_text(effect: Effect, sql: &str) -> Self {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        Self { family: "by hand", effect, ordered: false, statement }
    }

    /// The statement as this tenant's program sends it.
    #[must_use]
    pub fn statement(&self, tenant: TenantId) -> Statement {
        let mut statement = self.statement.clone();
        for value in statement.values.iter_mut().flat_map(|Values(values)| values) {
            if *value == Value::Uuid(Some(OWN_TENANT)) {
                *value = tenant.into();
            }
        }
        statement
    }
}

impl fmt::Display for Generated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.statement.sql)?;
        match &self.statement.values {
            Some(Values(values)) if !values.is_empty() => write!(f, "  -- {values:?}"),
            _ => Ok(()),
        }
    }
}
