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
use crate::{BindingMode, TenantContext, TenantError, TenantTransaction, Tier, error, statement};

/// A SeaORM connection that belongs to one tenant.
///
/// Every statement run through it names the tenant (or is refused) and runs on a database connection, or in a transaction,
/// that is bound to the tenant. It is cheap to clone and holds no database connection between statements.
#[derive(Clone, Debug)]
pub struct TenantConnection {
    placement: Arc<Placement>,
    context: TenantContext,
    tier: Tier,
    /// Whether statements that write are refused.
    reads_only: bool,
}

impl TenantConnection {
    pub(crate) const fn new(placement: Arc<Placement>, context: TenantContext) -> Self {
        Self { placement, context, tier: Tier::Small, reads_only: false }
    }

    /// The tier by whose limits the tenant shares the pool; small unless this is called.
    #[must_use]
    pub const fn tier(mut self, tier: Tier) -> Self {
        self.tier = tier;
        self
    }

    /// Refuses statements that write, before they are sent.
    pub(crate) const fn reading(mut self) -> Self {
        self.reads_only = true;
        self
    }

    /// Whose connection it is.
    pub const fn context(&self) -> &TenantContext {
        &self.context
    }

    async fn in_transaction(&self, options: TransactionOptions) -> Result<BoundConnection, DbErr> {
        BoundConnection::begin(&self.placement, &self.context, self.tier, options).await
    }

    /// A connection for one statement.
    async fn for_statement(&self, writes: bool) -> Result<BoundConnection, DbErr> {
        match self.placement.conduct().binding_mode {
            BindingMode::Session => {
                BoundConnection::for_statement(&self.placement, &self.context, self.tier, writes).await
            }
            BindingMode::Transaction => {
                // Its end is not waited for, so the server must hold it to what the filter took it for.
                let access_mode = (!writes).then_some(AccessMode::ReadOnly);
                self.in_transaction(TransactionOptions { access_mode, ..Default::default() }).await
            }
        }
    }

    fn scoped(&self, statement: Statement) -> Result<ScopedStatement, TenantError> {
        let statement = self.placement.rewriter().scope(statement, self.context.tenant())?;
        if self.reads_only && statement.writes() { Err(TenantError::ReplicaWrite) } else { Ok(statement) }
    }

    async fn autocommit<T>(
        &self,
        statement: Statement,
        run: impl AsyncFn(&mut BoundConnection, ScopedStatement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let statement = self.scoped(statement)?;
        let writes = statement.writes();
        // A server that refused to write has done nothing, unless a function did something elsewhere before that.
        let may_move = writes && self.placement.pool().servers().are_several() && !statement.calls_unlisted();
        let may_be_repeated = |failure: &DbErr| match writes {
            // It may have died while it was idle. What reads can be asked again; what writes may have taken effect.
            false => error::is_of_disconnection(failure),
            true => may_move && TenantError::is_of_a_read_only_server(failure),
        };
        if !writes || may_move {
            let mut bound = self.for_statement(writes).await?;
            let outcome = run(&mut bound, statement.clone()).await;
            if !outcome.as_ref().is_err_and(may_be_repeated) {
                return conclude(bound, outcome, writes).await;
            }
        }
        let mut bound = self.for_statement(writes).await?;
        let outcome = run(&mut bound, statement).await;
        conclude(bound, outcome, writes).await
    }
}

async fn conclude<T>(mut bound: BoundConnection, outcome: Result<T, DbErr>, writes: bool) -> Result<T, DbErr> {
    let ended = bound.conclude(outcome.is_ok(), writes).await;
    let value = outcome?;
    ended.map(|()| value)
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
            let bound = self.for_statement(statement.writes()).await?;
            Ok(TenantStream::new(Box::new(bound), statement, Afterwards::GiveBack))
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
        let bound = self.in_transaction(options).await?;
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
