//! A tenant's connection behind both walls or one of them, so that one test can be run against each.

use std::fmt;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tenant_core::TenantConnection;

use super::{FilterOnly, PoliciesOnly};

/// A tenant's connection behind a choice of walls. Prints as the choice.
#[derive(Clone, Debug)]
pub enum Walled {
    /// As an application has it.
    Both(TenantConnection),
    /// The filter alone.
    Filter(FilterOnly),
    /// The policies alone.
    Policies(PoliciesOnly),
}

impl Walled {
    /// Whether statements are rewritten: inserts get their tenant, conflict targets its column.
    #[must_use]
    pub const fn has_filter(&self) -> bool {
        !matches!(self, Self::Policies(_))
    }
}

impl fmt::Display for Walled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Both(_) => "both walls",
            Self::Filter(_) => "the filter alone",
            Self::Policies(_) => "the policies alone",
        })
    }
}

macro_rules! each {
    ($self:ident, $connection:ident => $call:expr) => {
        match $self {
            Walled::Both($connection) => $call,
            Walled::Filter($connection) => $call,
            Walled::Policies($connection) => $call,
        }
    };
}

#[async_trait]
impl ConnectionTrait for Walled {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        each!(self, connection => connection.execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        each!(self, connection => connection.execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        each!(self, connection => connection.query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        each!(self, connection => connection.query_all_raw(statement).await)
    }
}
