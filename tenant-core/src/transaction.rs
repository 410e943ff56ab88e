//! SeaORM's transaction traits for one tenant.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement, StreamTrait,
    TransactionError, TransactionOptions, TransactionSession, TransactionTrait,
};

use crate::bound::BoundConnection;
use crate::database::Backend;
use crate::level::{Level, transaction_traits};
use crate::scope::ScopedStatement;
use crate::shared::Turn;
use crate::stream::{Afterwards, TenantStream};
use crate::{TenantContext, TenantError, statement};

/// A transaction that belongs to one tenant.
///
/// Dropped without `commit`, it is rolled back, and with it all that are nested in it. A nested `begin` is a savepoint of
/// the same tenant. After a statement fails or is refused, nothing but rollback is possible, as PostgreSQL has it, and
/// `commit` is an error; after an operation was dropped half-way, the transaction is lost and its connection closed.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct TenantTransaction {
    backend: Arc<Backend>,
    context: TenantContext,
    level: Level,
}

impl TenantTransaction {
    pub(crate) fn new(backend: Arc<Backend>, context: TenantContext, bound: BoundConnection) -> Self {
        Self { backend, context, level: Level::outermost(bound) }
    }

    /// Whose transaction it is.
    pub const fn context(&self) -> &TenantContext {
        &self.context
    }

    /// The connection, in this transaction's turn, and the statement as it is sent.
    async fn scoped(&self, statement: Statement) -> Result<(Turn, ScopedStatement), DbErr> {
        let mut turn = self.level.turn().await?;
        match self.backend.rewriter().scope(statement, self.context.tenant()) {
            Ok(scoped) => Ok((turn, scoped)),
            Err(refusal) => {
                turn.refused();
                Err(TenantError::from(refusal).into())
            }
        }
    }

    async fn nested(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        let level = self.level.nested(options).await?;
        Ok(Self { backend: Arc::clone(&self.backend), context: self.context.clone(), level })
    }
}

transaction_traits!(TenantTransaction);

#[async_trait]
impl ConnectionTrait for TenantTransaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (mut turn, scoped) = self.scoped(statement).await?;
        statement::execute(&mut turn, scoped).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (mut turn, scoped) = self.scoped(statement).await?;
        statement::query_one(&mut turn, scoped).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (mut turn, scoped) = self.scoped(statement).await?;
        statement::query_all(&mut turn, scoped).await
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
            let (turn, scoped) = self.scoped(statement).await?;
            let bound = std::future::ready(Ok(turn.stream()));
            Ok(TenantStream::new(bound, scoped, Afterwards::GoOn))
        })
    }
}
