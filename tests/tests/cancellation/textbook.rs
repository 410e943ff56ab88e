//! The textbook's way, on SeaORM's own pool: begin, bind for the transaction, run, commit.

use std::pin::Pin;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    StreamTrait, TransactionTrait,
};
use tenant_core::TenantContext;
use tenant_core::session::{REQUEST_VARIABLE, TENANT_VARIABLE};

use super::Access;

/// A pool of the application's role.
pub(crate) struct Textbook(pub(crate) DatabaseConnection);

/// One tenant's use of it.
pub(crate) struct TextbookConnection {
    pool: DatabaseConnection,
    context: TenantContext,
}

impl TextbookConnection {
    async fn bound(&self) -> Result<DatabaseTransaction, DbErr> {
        let transaction = self.pool.begin().await?;
        let request = self.context.request_id().map(ToString::to_string).unwrap_or_default();
        let values =
            [TENANT_VARIABLE.into(), self.context.tenant().to_string().into(), REQUEST_VARIABLE.into(), request.into()];
        let sql = "SELECT set_config($1, $2, true), set_config($3, $4, true)";
        transaction.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await?;
        Ok(transaction)
    }

    async fn run<T>(&self, run: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let transaction = self.bound().await?;
        let value = run(&transaction).await?;
        transaction.commit().await?;
        Ok(value)
    }
}

impl Access for Textbook {
    type Connection = TextbookConnection;
    type Transaction = DatabaseTransaction;

    fn connect(&self, context: TenantContext) -> TextbookConnection {
        TextbookConnection { pool: self.0.clone(), context }
    }

    async fn begin(connection: &TextbookConnection) -> Result<DatabaseTransaction, DbErr> {
        connection.bound().await
    }
}

#[async_trait]
impl ConnectionTrait for TextbookConnection {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.run(async |transaction| transaction.execute_raw(statement).await).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(async |transaction| transaction.execute_unprepared(sql).await).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(async |transaction| transaction.query_one_raw(statement).await).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(async |transaction| transaction.query_all_raw(statement).await).await
    }
}

impl StreamTrait for TextbookConnection {
    type Stream<'a> = BoxStream<'a, Result<QueryResult, DbErr>>;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move {
            let rows = self.query_all_raw(statement).await?;
            Ok(stream::iter(rows.into_iter().map(Ok)).boxed())
        })
    }
}
