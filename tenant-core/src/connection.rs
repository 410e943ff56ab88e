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
use crate::database::Backend;
use crate::routing::Core;
use crate::scope::ScopedStatement;
use crate::stream::{Afterwards, TenantStream};
use crate::{BindingMode, TenantContext, TenantError, TenantTransaction, Tier, error, statement};

/// A SeaORM connection that belongs to one tenant.
///
/// Every statement run through it names the tenant (or is refused) and runs on a database connection, or in a transaction,
/// that is bound to the tenant. It is cheap to clone and holds no database connection between statements.
#[derive(Clone, Debug)]
pub struct TenantConnection {
    source: Source,
    context: TenantContext,
}

/// Where a tenant's database is known from.
#[derive(Clone, Debug)]
enum Source {
    /// It is this one, and the tier is the caller's word.
    Database { backend: Arc<Backend>, tier: Tier },
    /// It is the one that the catalog says, at each statement.
    Router(Arc<Core>),
}

/// What a connection is needed for.
#[derive(Clone, Copy)]
enum Need {
    Statement { writes: bool },
    Transaction(TransactionOptions),
}

/// What a statement or a transaction runs on.
struct Found {
    backend: Arc<Backend>,
    bound: BoundConnection,
}

impl TenantConnection {
    pub(crate) const fn new(backend: Arc<Backend>, context: TenantContext) -> Self {
        Self { source: Source::Database { backend, tier: Tier::Small }, context }
    }

    pub(crate) const fn routed(router: Arc<Core>, context: TenantContext) -> Self {
        Self { source: Source::Router(router), context }
    }

    /// The tier by whose limits the tenant shares the pool; small unless this is called. A router's connection has the tier that
    /// the catalog says, whatever is given here.
    #[must_use]
    pub fn tier(mut self, given: Tier) -> Self {
        if let Source::Database { tier, .. } = &mut self.source {
            *tier = given;
        }
        self
    }

    /// Whose connection it is.
    pub const fn context(&self) -> &TenantContext {
        &self.context
    }

    /// A connection for one statement.
    async fn for_statement(&self, writes: bool) -> Result<BoundConnection, DbErr> {
        Ok(self.found(Need::Statement { writes }).await?.bound)
    }

    /// A connection to the database where the tenant lives, which may be another by the time that there is one.
    async fn found(&self, need: Need) -> Result<Found, DbErr> {
        let router = match &self.source {
            Source::Database { backend, tier } => {
                let bound = self.bound(backend, *tier, need).await?;
                return Ok(Found { backend: Arc::clone(backend), bound });
            }
            Source::Router(router) => router,
        };
        loop {
            let visit = router.visit(self.context.tenant()).await.map_err(TenantError::from)?;
            let bound = self.bound(&visit.backend, visit.tier, need).await;
            let is_current = router.is_current(self.context.tenant(), &visit);
            match bound {
                Ok(bound) if is_current => return Ok(Found { backend: visit.backend, bound }),
                Ok(mut moved) => moved.let_go(),
                // Its pool is closed, if it was described otherwise meanwhile.
                Err(failure) if is_current || !error::is_of_closed_pool(&failure) => return Err(failure),
                Err(_) => {}
            }
        }
    }

    async fn bound(&self, backend: &Backend, tier: Tier, need: Need) -> Result<BoundConnection, DbErr> {
        let options = match (need, backend.conduct().binding_mode) {
            (Need::Statement { writes }, BindingMode::Session) => {
                return BoundConnection::for_statement(backend, &self.context, tier, writes).await;
            }
            (Need::Statement { writes }, BindingMode::Transaction) => {
                // Its end is not waited for, so the server must hold it to what the filter took it for.
                let access_mode = (!writes).then_some(AccessMode::ReadOnly);
                TransactionOptions { access_mode, ..Default::default() }
            }
            (Need::Transaction(options), _) => options,
        };
        BoundConnection::begin(backend, &self.context, tier, options).await
    }

    fn scoped(&self, statement: Statement) -> Result<ScopedStatement, TenantError> {
        let rewriter = match &self.source {
            Source::Database { backend, .. } => backend.rewriter(),
            Source::Router(router) => router.rewriter(),
        };
        Ok(rewriter.scope(statement, self.context.tenant())?)
    }

    async fn autocommit<T>(
        &self,
        statement: Statement,
        run: impl AsyncFn(&mut BoundConnection, ScopedStatement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let statement = self.scoped(statement)?;
        let writes = statement.writes();
        if !writes {
            let mut bound = self.for_statement(writes).await?;
            let outcome = run(&mut bound, statement.clone()).await;
            // It may have died while it was idle. What reads can be asked again; what writes may have taken effect.
            if !outcome.as_ref().is_err_and(error::is_of_disconnection) {
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
        let Found { backend, bound } = self.found(Need::Transaction(options)).await?;
        Ok(TenantTransaction::new(backend, self.context.clone(), bound))
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
