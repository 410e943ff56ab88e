//! SeaORM's transaction traits for one tenant.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement, StreamTrait,
    TransactionError, TransactionOptions, TransactionSession, TransactionTrait,
};

use crate::audit::{Counted, Denial, Ground, Reading};
use crate::bound::BoundConnection;
use crate::database::Backend;
use crate::savepoints::OUTERMOST;
use crate::scope::ScopedStatement;
use crate::shared::{SharedConnection, Turn};
use crate::stream::{Afterwards, TenantStream};
use crate::{ScopeError, TenantContext, TenantError, Tier, statement};

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
    shared: Arc<SharedConnection>,
    /// This transaction's savepoint.
    number: u64,
    open: bool,
    tier: Tier,
    /// Whether statements that write are refused, in place of the server.
    reads_only: bool,
}

impl TenantTransaction {
    pub(crate) fn new(
        backend: Arc<Backend>,
        context: TenantContext,
        tier: Tier,
        bound: BoundConnection,
        reads_only: bool,
    ) -> Self {
        Self { backend, context, shared: SharedConnection::new(bound), number: OUTERMOST, open: true, tier, reads_only }
    }

    /// Whose transaction it is.
    pub const fn context(&self) -> &TenantContext {
        &self.context
    }

    /// The connection, in this transaction's turn, and the statement as it is sent.
    async fn scoped(&self, statement: Statement) -> Result<(Turn, ScopedStatement), DbErr> {
        let mut turn = self.shared.turn(self.number).await?;
        let tell = |text: &str, refusal: &ScopeError| self.refused(text, Denial::Filter(refusal));
        let refusal = match self.backend.rewriter().scope_or_tell(statement, self.context.tenant(), tell) {
            Ok(scoped) if self.reads_only && scoped.writes() => {
                self.refused(scoped.sql(), Denial::ReadOnlyTransaction);
                TenantError::ReadOnlyTransaction
            }
            Ok(scoped) => return Ok((turn, scoped)),
            Err(refusal) => refusal.into(),
        };
        turn.refused();
        Err(refusal.into())
    }

    fn refused(&self, text: &str, denial: Denial<'_>) {
        if let Some(recorder) = self.backend.recorder() {
            recorder.refused(&self.context, self.tier, text, denial);
        }
    }

    /// The log of a statement that is sent next in this turn, if it is to be logged.
    fn reading(&self, turn: &mut Turn, scoped: &ScopedStatement) -> Result<Option<Reading>, DbErr> {
        let (recorder, ground) = (self.backend.recorder(), Ground::Transaction);
        let Some(mut reading) = Reading::of(recorder, scoped, &self.context, self.tier, ground, None) else {
            return Ok(None);
        };
        if let Err(full) = reading.check_room(turn) {
            turn.refused();
            return Err(full.into());
        }
        Ok(Some(reading))
    }

    async fn statement<T: Counted>(
        &self,
        statement: Statement,
        run: impl AsyncFn(&mut BoundConnection, ScopedStatement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let (mut turn, scoped) = self.scoped(statement).await?;
        let text = Arc::clone(scoped.sql());
        let reading = self.reading(&mut turn, &scoped)?;
        let outcome = run(&mut turn, scoped).await;
        if let Err(failure) = &outcome
            && let Some(denial) = Denial::by_database(failure)
        {
            self.refused(&text, denial);
        }
        if let Some(mut reading) = reading {
            reading.ended(&mut turn, outcome.as_ref().map(Counted::rows)).await?;
        }
        outcome
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
                // The closure's own error says more than a failed rollback, after which the connection is closed.
                drop(self.rollback().await);
                Err(TransactionError::Transaction(failure))
            }
        }
    }
}

impl Drop for TenantTransaction {
    fn drop(&mut self) {
        if self.open {
            self.shared.abandon(self.number);
        }
    }
}

#[async_trait]
impl TransactionSession for TenantTransaction {
    async fn commit(mut self) -> Result<(), DbErr> {
        let mut turn = self.shared.turn(self.number).await?;
        if self.number == OUTERMOST {
            turn.commit().await?
        } else {
            turn.release(self.number).await?
        }
        self.shared.closed(self.number);
        self.open = false;
        Ok(())
    }

    async fn rollback(mut self) -> Result<(), DbErr> {
        if self.number == OUTERMOST {
            self.shared.last_turn().await?.rollback().await?;
        } else {
            self.shared.turn(self.number).await?.rollback_to(self.number).await?;
        }
        self.shared.closed(self.number);
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
        self.statement(statement, statement::execute).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.statement(statement, statement::query_one).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.statement(statement, statement::query_all).await
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
            let (mut turn, scoped) = self.scoped(statement).await?;
            let reading = self.reading(&mut turn, &scoped)?;
            let bound = std::future::ready(Ok(turn.stream()));
            Ok(TenantStream::new(bound, scoped, Afterwards::GoOn, reading))
        })
    }
}

#[async_trait]
impl TransactionTrait for TenantTransaction {
    type Transaction = Self;

    async fn begin(&self) -> Result<Self, DbErr> {
        let number = self.shared.savepoint(self.number).await?;
        Ok(Self {
            backend: Arc::clone(&self.backend),
            context: self.context.clone(),
            shared: Arc::clone(&self.shared),
            number,
            open: true,
            tier: self.tier,
            reads_only: self.reads_only,
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
