//! A connection that stays bound to a tenant between statements, with a mistake: for whom is noted when the answer has come,
//! and the connection outlives a statement that was cut before.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, QueryStream,
    Statement, StreamTrait, TransactionTrait,
};
use tenant_core::TenantContext;
use tenant_core::session::{REQUEST_VARIABLE, TENANT_VARIABLE};

use super::Access;

/// A pool of the application's role with one connection, and for whom that is bound.
pub(crate) struct NaiveAffinity {
    pool: DatabaseConnection,
    bound: Arc<Mutex<Option<TenantContext>>>,
}

/// One tenant's use of it.
pub(crate) struct NaiveConnection {
    pool: DatabaseConnection,
    bound: Arc<Mutex<Option<TenantContext>>>,
    context: TenantContext,
}

impl NaiveAffinity {
    pub(crate) fn new(pool: DatabaseConnection) -> Self {
        Self { pool, bound: Arc::default() }
    }
}

impl NaiveConnection {
    async fn bound(&self) -> Result<&DatabaseConnection, DbErr> {
        let bound = || self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        if bound().as_ref() != Some(&self.context) {
            let (tenant, request) = (self.context.tenant(), self.context.request_id().map_or("", |id| id.as_str()));
            let sql = format!(
                "SELECT set_config('{TENANT_VARIABLE}', '{tenant}', false), set_config('{REQUEST_VARIABLE}', '{request}', false)"
            );
            self.pool.execute_unprepared(&sql).await?;
            *bound() = Some(self.context.clone());
        }
        Ok(&self.pool)
    }
}

impl Access for NaiveAffinity {
    type Connection = NaiveConnection;
    type Transaction = DatabaseTransaction;

    fn connect(&self, context: TenantContext) -> NaiveConnection {
        NaiveConnection { pool: self.pool.clone(), bound: Arc::clone(&self.bound), context }
    }

    async fn begin(connection: &NaiveConnection) -> Result<DatabaseTransaction, DbErr> {
        connection.bound().await?.begin().await
    }
}

#[async_trait]
impl ConnectionTrait for NaiveConnection {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.bound().await?.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.bound().await?.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.bound().await?.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.bound().await?.query_all_raw(statement).await
    }
}

impl StreamTrait for NaiveConnection {
    type Stream<'a> = QueryStream;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move { self.bound().await?.stream_raw(statement).await })
    }
}
