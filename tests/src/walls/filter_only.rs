//! The first wall alone: statements are rewritten, and run as a role that row-level security doesn't stop.

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};
use tenant_core::Rewriter;
use tenant_core::{TenantError, TenantId};

/// A connection on which only the filter keeps a tenant's statements inside.
#[derive(Clone, Debug)]
pub struct FilterOnly {
    connection: DatabaseConnection,
    rewriter: Rewriter,
    tenant: TenantId,
}

impl FilterOnly {
    /// Rewrites for `tenant` what runs on `connection`, which should be one of a superuser.
    #[must_use]
    pub const fn new(connection: DatabaseConnection, rewriter: Rewriter, tenant: TenantId) -> Self {
        Self { connection, rewriter, tenant }
    }

    fn scoped(&self, statement: Statement) -> Result<Statement, DbErr> {
        let scoped = self.rewriter.scope(statement, self.tenant).map_err(TenantError::from)?;
        Ok(scoped.into())
    }
}

#[async_trait]
impl ConnectionTrait for FilterOnly {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.connection.execute_raw(self.scoped(statement)?).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.connection.query_one_raw(self.scoped(statement)?).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.connection.query_all_raw(self.scoped(statement)?).await
    }
}
