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
use crate::routing::{Core, Visit};
use crate::scope::ScopedStatement;
use crate::stream::{Afterwards, TenantStream};
use crate::{
    BindingMode, PoolError, RoutingError, TenantContext, TenantError, TenantId, TenantTransaction, Tier, error,
    statement,
};

/// A SeaORM connection that belongs to one tenant.
///
/// Every statement run through it names the tenant (or is refused) and runs on a database connection, or in a transaction,
/// that is bound to the tenant. It is cheap to clone and holds no database connection between statements.
#[derive(Clone, Debug)]
pub struct TenantConnection {
    source: Source,
    context: TenantContext,
    /// Whether statements that write are refused.
    reads_only: bool,
}

/// Where a tenant's database is known from.
#[derive(Clone, Debug)]
enum Source {
    /// It is this one, and the tier is the caller's word.
    Database { backend: Arc<Backend>, tier: Tier },
    /// It is the one that the catalog says, at each statement.
    Router(Arc<Core>),
    /// It is a standby of the one that was visited.
    Standby { standby: Arc<Backend>, of: Visited },
}

/// A database that a tenant's statements go to now.
#[derive(Clone, Debug)]
pub(crate) enum Visited {
    Database { backend: Arc<Backend>, tier: Tier },
    Routed { router: Arc<Core>, visit: Visit },
}

impl Visited {
    pub(crate) const fn backend(&self) -> &Arc<Backend> {
        match self {
            Self::Database { backend, .. } | Self::Routed { visit: Visit { backend, .. }, .. } => backend,
        }
    }

    const fn tier(&self) -> Tier {
        match self {
            Self::Database { tier, .. } | Self::Routed { visit: Visit { tier, .. }, .. } => *tier,
        }
    }

    /// Whether they still do.
    fn is_current(&self, tenant: TenantId) -> bool {
        match self {
            Self::Database { .. } => true,
            Self::Routed { router, visit } => router.is_current(tenant, visit),
        }
    }
}

/// What a connection is needed for.
#[derive(Clone, Copy)]
enum Need {
    Statement { writes: bool },
    Transaction(TransactionOptions),
}

/// What a statement or a transaction runs on.
struct Found {
    visited: Visited,
    backend: Arc<Backend>,
    bound: BoundConnection,
}

impl TenantConnection {
    pub(crate) const fn new(backend: Arc<Backend>, context: TenantContext) -> Self {
        Self { source: Source::Database { backend, tier: Tier::Small }, context, reads_only: false }
    }

    pub(crate) const fn routed(router: Arc<Core>, context: TenantContext) -> Self {
        Self { source: Source::Router(router), context, reads_only: false }
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

    /// The same on a standby of the database that was visited, for as long as the tenant's statements go there.
    pub(crate) fn by_a_standby(mut self, standby: Arc<Backend>, of: Visited) -> Self {
        self.source = Source::Standby { standby, of };
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

    /// A connection for one statement.
    async fn for_statement(&self, writes: bool) -> Result<BoundConnection, DbErr> {
        Ok(self.found(Need::Statement { writes }).await?.bound)
    }

    /// The database that the tenant's statements go to now.
    pub(crate) async fn visit(&self) -> Result<Visited, RoutingError> {
        Ok(match &self.source {
            Source::Database { backend, tier } => Visited::Database { backend: Arc::clone(backend), tier: *tier },
            Source::Router(router) => {
                let visit = router.visit(self.context.tenant()).await?;
                Visited::Routed { router: Arc::clone(router), visit }
            }
            Source::Standby { of, .. } => of.clone(),
        })
    }

    /// A connection to the database where the tenant lives, which may be another by the time that there is one.
    async fn found(&self, need: Need) -> Result<Found, DbErr> {
        loop {
            let visited = self.visit().await.map_err(TenantError::from)?;
            let backend = match &self.source {
                Source::Standby { standby, .. } => standby,
                Source::Database { .. } | Source::Router(_) => visited.backend(),
            };
            let bound = self.bound(backend, visited.tier(), need).await;
            let is_current = visited.is_current(self.context.tenant());
            match (bound, &self.source) {
                (Ok(bound), _) if is_current => {
                    let backend = Arc::clone(backend);
                    return Ok(Found { visited, backend, bound });
                }
                // Its pool is closed, if it was described otherwise meanwhile.
                (Err(failure), _) if is_current || !error::is_of_closed_pool(&failure) => return Err(failure),
                // Who was sent to a standby is sent anew by whoever did that.
                (_, Source::Standby { .. }) => return Err(TenantError::from(PoolError::Closed).into()),
                // What there is goes back to its pool, and the tenant elsewhere.
                (_, Source::Database { .. } | Source::Router(_)) => {}
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
            Source::Database { backend, .. } | Source::Standby { standby: backend, .. } => backend.rewriter(),
            Source::Router(router) => router.rewriter(),
        };
        let statement = rewriter.scope(statement, self.context.tenant())?;
        if self.reads_only && statement.writes() { Err(TenantError::ReplicaWrite) } else { Ok(statement) }
    }

    async fn autocommit<T>(
        &self,
        statement: Statement,
        run: impl AsyncFn(&mut BoundConnection, ScopedStatement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let statement = self.scoped(statement)?;
        let writes = statement.writes();
        {
            let Found { backend, mut bound, .. } = self.found(Need::Statement { writes }).await?;
            // A server that refused to write has done nothing, unless a function did something elsewhere before that.
            let may_move = writes && backend.pool().servers().are_several() && !statement.calls_unlisted();
            if writes && !may_move {
                let outcome = run(&mut bound, statement).await;
                return conclude(bound, outcome, writes).await;
            }
            let outcome = run(&mut bound, statement.clone()).await;
            // It may have died while it was idle. What reads can be asked again; what writes may have taken effect.
            let may_be_repeated = |failure: &DbErr| match writes {
                false => error::is_of_disconnection(failure),
                true => TenantError::is_of_a_read_only_server(failure),
            };
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
            let writes = statement.writes();
            let Found { visited, bound, .. } = self.found(Need::Statement { writes }).await?;
            // Nothing is sent before somebody asks for a row, and by then the tenant may live elsewhere.
            let bound = async move {
                if visited.is_current(self.context.tenant()) {
                    return Ok(Box::new(bound));
                }
                drop(bound);
                self.for_statement(writes).await.map(Box::new)
            };
            Ok(TenantStream::new(bound, statement, Afterwards::GiveBack))
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
        let Found { backend, bound, .. } = self.found(Need::Transaction(options)).await?;
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
