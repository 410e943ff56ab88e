//! SeaORM's connection traits for one tenant.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement, StreamTrait,
    TransactionError, TransactionOptions, TransactionTrait,
};

use crate::bound::BoundConnection;
use crate::database::Placement;
use crate::scope::ScopedStatement;
use crate::stream::{Afterwards, TenantStream};
use crate::{TenantContext, TenantError, TenantTransaction, statement};

/// A SeaORM connection that belongs to one tenant.
///
/// Every statement run through it names the tenant (or is refused) and runs in a transaction bound to the tenant. It
/// is cheap to clone and holds no database connection between statements.
#[derive(Clone, Debug)]
pub struct TenantConnection {
    placement: Arc<Placement>,
    context: TenantContext,
}

impl TenantConnection {
    pub(crate) const fn new(placement: Arc<Placement>, context: TenantContext) -> Self {
        Self { placement, context }
    }

    /// Whose connection it is.
    pub const fn context(&self) -> &TenantContext {
        &self.context
    }

    async fn bound(&self, options: TransactionOptions) -> Result<BoundConnection, DbErr> {
        BoundConnection::begin(&self.placement, &self.context, options).await
    }

    fn scoped(&self, statement: Statement) -> Result<ScopedStatement, TenantError> {
        Ok(self.placement.rewriter().scope(statement, self.context.tenant())?)
    }

    async fn autocommit<T>(
        &self,
        statement: Statement,
        run: impl AsyncFnOnce(&mut BoundConnection, ScopedStatement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let statement = self.scoped(statement)?;
        let mut bound = self.bound(TransactionOptions::default()).await?;
        match run(&mut bound, statement).await {
            Ok(value) => bound.commit().await.map(|()| value),
            Err(failure) => {
                // The statement's own error says more than a failed rollback, after which the connection is closed.
                drop(bound.rollback().await);
                Err(failure)
            }
        }
    }
}

#[async_trait]
impl ConnectionTrait for TenantConnection {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.autocommit(statement, statement::execute).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.autocommit(statement, statement::query_one).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.autocommit(statement, statement::query_all).await
    }
}

impl StreamTrait for TenantConnection {
    type Stream<'a> = TenantStream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move {
            let statement = self.scoped(statement)?;
            let bound = self.bound(TransactionOptions::default()).await?;
            Ok(TenantStream::new(Box::new(bound), statement, Afterwards::Commit))
        })
    }
}

#[async_trait]
impl TransactionTrait for TenantConnection {
    type Transaction = TenantTransaction;

    async fn begin(&self) -> Result<TenantTransaction, DbErr> {
        self.begin_with_options(TransactionOptions::default()).await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<TenantTransaction, DbErr> {
        self.begin_with_options(TransactionOptions { isolation_level, access_mode, ..Default::default() }).await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<TenantTransaction, DbErr> {
        let bound = self.bound(options).await?;
        Ok(TenantTransaction::new(Arc::clone(&self.placement), self.context.clone(), bound))
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c TenantTransaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        self.transaction_with_config(callback, None, None).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c TenantTransaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let transaction = self.begin_with_config(isolation_level, access_mode).await;
        transaction.map_err(TransactionError::Connection)?.run(callback).await
    }
}
