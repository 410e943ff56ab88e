//! The second wall alone: statements run as they are, in a transaction bound to the tenant.

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    TransactionTrait,
};
use tenant_core::TenantId;
use tenant_core::session::TENANT_VARIABLE;

/// A connection on which only the database's policies keep a tenant's statements inside.
#[derive(Clone, Debug)]
pub struct PoliciesOnly {
    connection: DatabaseConnection,
    tenant: TenantId,
}

impl PoliciesOnly {
    /// Binds to `tenant` what runs on `connection`, which must be one of the application's role.
    #[must_use]
    pub const fn new(connection: DatabaseConnection, tenant: TenantId) -> Self {
        Self { connection, tenant }
    }

    async fn bound<T>(&self, run: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let transaction = self.connection.begin().await?;
        let values = [TENANT_VARIABLE.into(), self.tenant.to_string().into()];
        let bind = Statement::from_sql_and_values(DbBackend::Postgres, "SELECT set_config($1, $2, true)", values);
        transaction.execute_raw(bind).await?;
        match run(&transaction).await {
            Ok(value) => transaction.commit().await.map(|()| value),
            Err(failure) => {
                transaction.rollback().await?;
                Err(failure)
            }
        }
    }
}

#[async_trait]
impl ConnectionTrait for PoliciesOnly {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.bound(async |transaction| transaction.execute_raw(statement).await).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.bound(async |transaction| transaction.execute_unprepared(sql).await).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.bound(async |transaction| transaction.query_one_raw(statement).await).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.bound(async |transaction| transaction.query_all_raw(statement).await).await
    }
}
