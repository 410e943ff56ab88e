//! SeaORM's transaction traits for one tenant.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement, StreamTrait,
    TransactionError, TransactionOptions, TransactionSession, TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::bound::BoundConnection;
use crate::database::Placement;
use crate::scope::ScopedStatement;
use crate::stream::{Afterwards, TenantStream};
use crate::{TenantContext, TenantError, statement};

/// No nested transaction was dropped without an end.
const NONE_ABANDONED: u32 = u32::MAX;

/// A transaction that belongs to one tenant.
///
/// Dropped without `commit`, it is rolled back. A nested `begin` is a savepoint of the same tenant. After a statement
/// fails or is refused, nothing but rollback is possible, as PostgreSQL has it, and `commit` is an error; after an
/// operation was dropped half-way, the transaction is lost and its connection closed.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct TenantTransaction {
    placement: Arc<Placement>,
    context: TenantContext,
    bound: Arc<Mutex<BoundConnection>>,
    /// The lowest savepoint whose transaction was dropped without an end; undone before the next operation.
    abandoned: Arc<AtomicU32>,
    /// This transaction's savepoint; 0 is the outermost, which has none.
    depth: u32,
    open: bool,
}

impl TenantTransaction {
    pub(crate) fn new(placement: Arc<Placement>, context: TenantContext, bound: BoundConnection) -> Self {
        Self {
            placement,
            context,
            bound: Arc::new(Mutex::new(bound)),
            abandoned: Arc::new(AtomicU32::new(NONE_ABANDONED)),
            depth: 0,
            open: true,
        }
    }

    /// Whose transaction it is.
    pub const fn context(&self) -> &TenantContext {
        &self.context
    }

    /// The connection, with abandoned savepoints undone and this transaction on top.
    async fn connection(&self) -> Result<OwnedMutexGuard<BoundConnection>, DbErr> {
        let mut bound = Arc::clone(&self.bound).lock_owned().await;
        let abandoned = self.abandoned.load(Ordering::Acquire);
        if abandoned <= bound.depth() {
            bound.rollback_to(abandoned).await?;
        }
        // Cleared only now: had the rollback been dropped half-way, the connection would be lost with its mark standing.
        self.abandoned.store(NONE_ABANDONED, Ordering::Release);
        match bound.depth() {
            depth if depth > self.depth => Err(TenantError::NestedTransactionOpen.into()),
            depth if depth < self.depth => Err(TenantError::TransactionEnded.into()),
            _ => Ok(bound),
        }
    }

    fn scoped(&self, bound: &mut BoundConnection, statement: Statement) -> Result<ScopedStatement, TenantError> {
        self.placement.rewriter().scope(statement, self.context.tenant()).map_err(|refusal| {
            bound.refused();
            refusal.into()
        })
    }

    async fn with<T>(
        &self,
        statement: Statement,
        run: impl AsyncFnOnce(&mut BoundConnection, ScopedStatement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let mut bound = self.connection().await?;
        let statement = self.scoped(&mut bound, statement)?;
        run(&mut bound, statement).await
    }

    pub(crate) async fn run<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        match callback(&self).await {
            Ok(value) => self.commit().await.map(|()| value).map_err(TransactionError::Connection),
            Err(failure) => {
                self.rollback().await.map_err(TransactionError::Connection)?;
                Err(TransactionError::Transaction(failure))
            }
        }
    }
}

impl Drop for TenantTransaction {
    fn drop(&mut self) {
        // The outermost needs no mark: with it goes the connection, which closes.
        if self.open && self.depth > 0 {
            self.abandoned.fetch_min(self.depth, Ordering::AcqRel);
        }
    }
}

#[async_trait]
impl TransactionSession for TenantTransaction {
    async fn commit(mut self) -> Result<(), DbErr> {
        let mut bound = self.connection().await?;
        if self.depth == 0 {
            bound.commit().await?
        } else {
            bound.release(self.depth).await?
        }
        self.open = false;
        Ok(())
    }

    async fn rollback(mut self) -> Result<(), DbErr> {
        if self.depth == 0 {
            // Whatever is nested in it, open or abandoned, ends with it.
            self.bound.lock().await.rollback().await?;
        } else {
            self.connection().await?.rollback_to(self.depth).await?;
        }
        self.open = false;
        Ok(())
    }
}

#[async_trait]
impl ConnectionTrait for TenantTransaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.with(statement, statement::execute).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.with(statement, statement::query_one).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.with(statement, statement::query_all).await
    }
}

impl StreamTrait for TenantTransaction {
    type Stream<'a> = TenantStream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move {
            let mut bound = self.connection().await?;
            let statement = self.scoped(&mut bound, statement)?;
            Ok(TenantStream::new(bound, statement, Afterwards::GoOn))
        })
    }
}

#[async_trait]
impl TransactionTrait for TenantTransaction {
    type Transaction = Self;

    async fn begin(&self) -> Result<Self, DbErr> {
        let depth = self.connection().await?.savepoint().await?;
        Ok(Self {
            placement: Arc::clone(&self.placement),
            context: self.context.clone(),
            bound: Arc::clone(&self.bound),
            abandoned: Arc::clone(&self.abandoned),
            depth,
            open: true,
        })
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        self.begin_with_options(TransactionOptions { isolation_level, access_mode, ..Default::default() }).await
    }

    async fn begin_with_options(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        if options.isolation_level.is_some() || options.access_mode.is_some() {
            return Err(TenantError::SavepointOptions.into());
        }
        self.begin().await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
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
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let transaction = self.begin_with_config(isolation_level, access_mode).await;
        transaction.map_err(TransactionError::Connection)?.run(callback).await
    }
}
