//! SeaORM's connection traits for one tenant.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement, StreamTrait,
    TransactionError, TransactionOptions, TransactionTrait,
};
use tokio::sync::OwnedSemaphorePermit;

use crate::audit::{Counted, Denial, Ground, Reading, Recorder};
use crate::bound::BoundConnection;
use crate::database::Backend;
use crate::routing::{Core, Visit, Waiting};
use crate::scope::ScopedStatement;
use crate::stream::{Afterwards, Binder, TenantStream};
use crate::{
    BindingMode, PoolError, RoutingError, ScopeError, TenantContext, TenantError, TenantId, TenantTransaction, Tier,
    error, statement,
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

    /// Whether its standbys, which may be so far behind, have what the tenant brought with it when it moved there.
    pub(crate) fn is_settled(&self, lag: Duration) -> bool {
        match self {
            Self::Database { .. } => true,
            Self::Routed { router, visit } => router.is_settled(visit, lag),
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
    /// `records` says whether the same transaction writes to the access log.
    Statement {
        writes: bool,
        records: bool,
    },
    Transaction(TransactionOptions),
}

impl Need {
    /// Whether it has ended only when the end of its transaction was seen.
    const fn writes(self) -> bool {
        match self {
            Self::Statement { writes, records } => writes || records,
            Self::Transaction(_) => true,
        }
    }
}

/// What a statement needs, with its place in the queue of the access log.
struct Prepared {
    need: Need,
    place: Option<OwnedSemaphorePermit>,
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

    /// What a statement needs, before it takes a connection.
    async fn prepare(&self, statement: &ScopedStatement) -> Result<Prepared, DbErr> {
        let writes = statement.writes();
        let plain = Need::Statement { writes, records: false };
        if statement.logged_read().is_none() {
            return Ok(Prepared { need: plain, place: None });
        }
        let visited = self.visit().await.map_err(TenantError::from)?;
        let Some(recorder) = visited.backend().recorder() else {
            return Ok(Prepared { need: plain, place: None });
        };
        let place = recorder.place().await?;
        let need = match (self.ground(), recorder.is_durable(), writes) {
            (Ground::Standby, ..) | (_, false, _) => plain,
            // What it writes is undone where its entry can't be written.
            (_, true, true) => Need::Transaction(TransactionOptions::default()),
            (_, true, false) => Need::Statement { writes, records: true },
        };
        Ok(Prepared { need, place })
    }

    /// Where a statement by itself runs.
    const fn ground(&self) -> Ground {
        match self.source {
            Source::Database { .. } | Source::Router(_) => Ground::Primary,
            Source::Standby { .. } => Ground::Standby,
        }
    }

    /// Has a refusal logged, if the database is known.
    fn refused(&self, text: &str, denial: Denial<'_>) {
        let tenant = self.context.tenant();
        let recorder = match &self.source {
            Source::Database { backend, tier } => backend.recorder().map(|recorder| (Arc::clone(recorder), *tier)),
            Source::Router(router) => router.recorder(tenant),
            Source::Standby { of, .. } => of.backend().recorder().map(|recorder| (Arc::clone(recorder), of.tier())),
        };
        if let Some((recorder, tier)) = recorder {
            recorder.refused(&self.context, tier, text, denial);
        }
    }

    /// The database that the tenant's statements go to now.
    pub(crate) async fn visit(&self) -> Result<Visited, RoutingError> {
        Ok(match &self.source {
            Source::Database { backend, tier } => Visited::Database { backend: Arc::clone(backend), tier: *tier },
            Source::Router(router) => {
                let visit = router.visit(&self.context).await?;
                Visited::Routed { router: Arc::clone(router), visit }
            }
            Source::Standby { of, .. } => of.clone(),
        })
    }

    /// A connection to the database where the tenant lives, which may be another by the time that there is one.
    async fn found(&self, need: Need) -> Result<Found, DbErr> {
        let mut waiting = Waiting::default();
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
                // A transaction is refused at its beginning, or never.
                (Err(failure), _) if TenantError::is_of_the_fence(&failure) => {
                    self.follow(&visited, failure, &mut waiting).await?;
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

    /// Waits until the tenant, who was refused where it was visited because it is being moved, can be tried for again. Who knows
    /// no other place has the refusal itself.
    async fn follow(&self, refused: &Visited, failure: DbErr, waiting: &mut Waiting) -> Result<(), DbErr> {
        match (refused, &self.source) {
            (Visited::Routed { router, visit }, Source::Router(_)) => {
                let home = router.wait_for_home(self.context.tenant(), Some(visit), waiting).await;
                Ok(home.map_err(TenantError::from)?)
            }
            _ => Err(failure),
        }
    }

    async fn bound(&self, backend: &Backend, tier: Tier, need: Need) -> Result<BoundConnection, DbErr> {
        let options = match (need, backend.conduct().binding_mode) {
            (Need::Statement { writes, .. }, BindingMode::Session) => {
                return BoundConnection::for_statement(backend, &self.context, tier, writes).await;
            }
            (Need::Statement { .. }, BindingMode::Transaction) => {
                // Its end is not waited for, so the server must hold it to what the filter took it for.
                let access_mode = (!need.writes()).then_some(AccessMode::ReadOnly);
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
        let tell = |text: &str, refusal: &ScopeError| self.refused(text, Denial::Filter(refusal));
        let statement = rewriter.scope_or_tell(statement, self.context.tenant(), tell)?;
        if self.reads_only && statement.writes() {
            self.refused(statement.sql(), Denial::ReplicaWrite);
            return Err(TenantError::ReplicaWrite);
        }
        Ok(statement)
    }

    async fn autocommit<T: Counted>(
        &self,
        statement: Statement,
        run: impl AsyncFn(&mut BoundConnection, ScopedStatement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let statement = self.scoped(statement)?;
        let Prepared { need, place } = self.prepare(&statement).await?;
        let text = Arc::clone(statement.sql());
        let outcome = self.in_its_place(statement, need, place, run).await;
        if let Err(failure) = &outcome
            && let Some(denial) = Denial::by_database(failure)
        {
            self.refused(&text, denial);
        }
        outcome
    }

    async fn in_its_place<T: Counted>(
        &self,
        statement: ScopedStatement,
        need: Need,
        place: Option<OwnedSemaphorePermit>,
        run: impl AsyncFn(&mut BoundConnection, ScopedStatement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let writes = statement.writes();
        let (mut place, mut reading) = (place, None::<Reading>);
        let (mut has_been_repeated, mut waiting) = (false, Waiting::default());
        loop {
            let Found { visited, backend, mut bound } = self.found(need).await?;
            match &mut reading {
                Some(reading) => reading.runs_at(visited.backend().recorder()),
                None => reading = self.logged(&visited, &statement, place.take()),
            }
            // A server that refused to write has done nothing, unless a function did something elsewhere before that.
            let may_move = backend.pool().servers().are_several() && !statement.calls_unlisted();
            let may_be_repeated = !has_been_repeated && (!writes || may_move);
            let may_follow = matches!(visited, Visited::Routed { .. });
            if !may_be_repeated && !may_follow {
                let outcome = run(&mut bound, statement).await;
                return conclude(bound, outcome, need.writes(), reading).await;
            }
            if let Some(reading) = &mut reading {
                reading.sent();
            }
            let outcome = run(&mut bound, statement.clone()).await;
            let failure = match outcome {
                Err(failure) if TenantError::is_of_the_fence(&failure) => {
                    drop(bound);
                    if let Some(reading) = &mut reading {
                        reading.not_yet();
                    }
                    self.follow(&visited, failure, &mut waiting).await?;
                    continue;
                }
                // It may have died while it was idle. What reads can be asked again; what writes may have taken effect.
                Err(failure) if may_be_repeated && !writes && error::is_of_disconnection(&failure) => failure,
                Err(failure) if may_be_repeated && writes && TenantError::is_of_a_read_only_server(&failure) => failure,
                outcome => return conclude(bound, outcome, need.writes(), reading).await,
            };
            tracing::debug!("a statement is sent again: {failure}");
            has_been_repeated = true;
        }
    }

    /// Runs a text of the framework's own, which no application's statement could be.
    pub(crate) async fn ask_for_the_framework(&self, statement: ScopedStatement) -> Result<Vec<QueryResult>, DbErr> {
        let need = Need::Statement { writes: false, records: false };
        self.in_its_place(statement, need, None, statement::query_all).await
    }

    /// The log of a statement that is sent next, if it is to be logged.
    fn logged(
        &self,
        visited: &Visited,
        statement: &ScopedStatement,
        place: Option<OwnedSemaphorePermit>,
    ) -> Option<Reading> {
        let recorder = visited.backend().recorder();
        Reading::of(recorder, statement, &self.context, visited.tier(), self.ground(), place)
    }
}

/// Who finds a connection for a stream.
struct Streaming<'a> {
    connection: &'a TenantConnection,
    need: Need,
    /// The first.
    found: Option<Found>,
    visited: Visited,
    waiting: Waiting,
}

#[async_trait]
impl Binder for Streaming<'_> {
    type Bound = Box<BoundConnection>;

    fn may_bind_again(&self) -> bool {
        matches!(self.connection.source, Source::Router(_))
    }

    async fn bind(&mut self, refused: Option<DbErr>) -> Result<(Self::Bound, Option<Arc<Recorder>>), DbErr> {
        if let Some(refused) = refused {
            self.connection.follow(&self.visited, refused, &mut self.waiting).await?;
        }
        let tenant = self.connection.context.tenant();
        // Nothing is sent before somebody asks for a row, and by then the tenant may live elsewhere.
        let Found { visited, bound, .. } = match self.found.take().filter(|found| found.visited.is_current(tenant)) {
            Some(found) => found,
            None => self.connection.found(self.need).await?,
        };
        let recorder = visited.backend().recorder().cloned();
        self.visited = visited;
        Ok((Box::new(bound), recorder))
    }
}

async fn conclude<T: Counted>(
    mut bound: BoundConnection,
    outcome: Result<T, DbErr>,
    writes: bool,
    mut reading: Option<Reading>,
) -> Result<T, DbErr> {
    let outcome = match &mut reading {
        Some(reading) => {
            reading.ended(&mut bound, outcome.as_ref().map(Counted::rows)).await.map_err(DbErr::from).and(outcome)
        }
        None => outcome,
    };
    let ended = bound.conclude(outcome.is_ok(), writes).await;
    let value = outcome?;
    ended?;
    if let Some(reading) = reading {
        reading.finish().await?;
    }
    Ok(value)
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
            let Prepared { need, place } = self.prepare(&statement).await?;
            let found = self.found(need).await?;
            let reading = self.logged(&found.visited, &statement, place);
            let visited = found.visited.clone();
            let binder = Streaming { connection: self, need, found: Some(found), visited, waiting: Waiting::default() };
            Ok(TenantStream::new(binder, statement, Afterwards::GiveBack { writes: need.writes() }, reading))
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
        let mut options = options;
        let mut reads_only = false;
        if let Some(recorder) = self.visit().await.map_err(TenantError::from)?.backend().recorder() {
            // Before it has a connection, which the writer of the log may need.
            recorder.room().await?;
            // The entries of what it reads are written in it.
            reads_only = recorder.is_durable() && options.access_mode == Some(AccessMode::ReadOnly);
            if reads_only {
                options.access_mode = None;
            }
        }
        let Found { visited, backend, bound } = self.found(Need::Transaction(options)).await?;
        Ok(TenantTransaction::new(backend, self.context.clone(), visited.tier(), bound, reads_only))
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
