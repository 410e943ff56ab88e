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
use crate::level::{Level, transaction_traits};
use crate::scope::ScopedStatement;
use crate::shared::Turn;
use crate::stream::{Afterwards, Given, TenantStream};
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
    level: Level,
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
        Self { backend, context, level: Level::outermost(bound), tier, reads_only }
    }

    /// Whose transaction it is.
    pub const fn context(&self) -> &TenantContext {
        &self.context
    }

    /// The connection, in this transaction's turn, and the statement as it is sent.
    async fn scoped(&self, statement: Statement) -> Result<(Turn, ScopedStatement), DbErr> {
        let mut turn = self.level.turn().await?;
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

    async fn nested(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        let level = self.level.nested(options).await?;
        let (backend, context) = (Arc::clone(&self.backend), self.context.clone());
        Ok(Self { backend, context, level, tier: self.tier, reads_only: self.reads_only })
    }
}

transaction_traits!(TenantTransaction);

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
            let bound = Given::new(turn.stream(), self.backend.recorder().cloned());
            Ok(TenantStream::new(bound, scoped, Afterwards::GoOn, reading))
        })
    }
}
