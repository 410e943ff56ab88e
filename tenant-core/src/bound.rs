//! A connection that is bound to one tenant, for a statement or a transaction, and what is known of its health.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::{AccessMode, DbErr, TransactionOptions};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tokio::runtime::Handle;

use crate::audit::Trail;
use crate::database::{Backend, Conduct};
use crate::pool::{Binding, Claim, CloseReason, Lease, Pool, Progress, Stage, Tier, Wanted};
use crate::{TenantContext, TenantError, error, session};

/// What the next operation may assume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    /// The server waits for a statement.
    Ready,
    /// A statement failed: the server refuses everything but rollback, and so do we.
    Failed,
    /// An operation began and was not seen to end: what the server does is unknown.
    Unknown,
}

/// How long the connection is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    /// Its session is, and each statement is a transaction of its own.
    Session,
    /// The transaction that it is in, is.
    Transaction,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Commit,
    Rollback,
}

/// What a connection is needed for.
#[derive(Clone, Copy, Debug)]
enum Need<'a> {
    /// One statement, with the session bound.
    Statement { writes: bool },
    /// A transaction that is begun and bound by this text.
    Transaction { begin: &'a str, claim: Claim },
}

/// A database connection that is bound to one tenant.
///
/// It goes back to its pool only after its last operation, and its transaction if it is in one, was seen to end. In every
/// other case (failed to end, an operation dropped half-way) it is closed: a connection in doubt is never reused.
#[derive(Debug)]
pub(crate) struct BoundConnection {
    lease: Option<Lease>,
    health: Health,
    span: Span,
    conduct: Conduct,
    /// Whether its transaction was begun so that it may not write.
    reads_only: bool,
    /// The number of the last savepoint that was opened; 0 before the first.
    last_savepoint: u64,
    /// The reads of its transaction.
    trail: Trail,
}

impl BoundConnection {
    /// A connection in a transaction that is bound to the tenant, begun and bound in one round trip.
    pub(crate) async fn begin(
        backend: &Backend,
        context: &TenantContext,
        tier: Tier,
        options: TransactionOptions,
    ) -> Result<Self, DbErr> {
        let wanted = backend.pool().wanted(context, tier);
        let begin = session::begin(wanted, options, backend.conduct().binding_mode);
        Self::begun(backend, context, tier, &begin, options.access_mode).await
    }

    /// The same for the access log: no statement of the tenant's own, so that it counts for no rate, and also when the pool is being
    /// closed.
    pub(crate) async fn begin_for_the_log(
        pool: &Arc<Pool>,
        conduct: Conduct,
        context: &TenantContext,
        tier: Tier,
    ) -> Result<Self, DbErr> {
        let begin = session::begin_for_the_log(pool.wanted(context, tier), conduct.binding_mode);
        let need = Need::Transaction { begin: &begin, claim: Claim::Log };
        Self::within_time(pool, conduct, context, tier, need).await
    }

    /// A connection in a transaction that this text begins and binds. The context's tenant is the one in whose turn it is taken.
    pub(crate) async fn begun(
        backend: &Backend,
        context: &TenantContext,
        tier: Tier,
        begin: &str,
        access: Option<AccessMode>,
    ) -> Result<Self, DbErr> {
        let (pool, conduct) = (backend.pool(), backend.conduct());
        pool.admit(context, tier).map_err(TenantError::from)?;
        let need = Need::Transaction { begin, claim: Claim::Transaction };
        let mut bound = Self::within_time(pool, conduct, context, tier, need).await?;
        bound.reads_only = access == Some(AccessMode::ReadOnly);
        Ok(bound)
    }

    /// A connection whose session is bound to the tenant: at once, or in one round trip.
    pub(crate) async fn for_statement(
        backend: &Backend,
        context: &TenantContext,
        tier: Tier,
        writes: bool,
    ) -> Result<Self, DbErr> {
        let pool = backend.pool();
        pool.admit(context, tier).map_err(TenantError::from)?;
        Self::within_time(pool, backend.conduct(), context, tier, Need::Statement { writes }).await
    }

    async fn within_time(
        pool: &Arc<Pool>,
        conduct: Conduct,
        context: &TenantContext,
        tier: Tier,
        need: Need<'_>,
    ) -> Result<Self, DbErr> {
        let mut progress = Progress::default();
        let living = Self::living(pool, conduct, context, tier, need, &mut progress);
        match tokio::time::timeout(pool.acquire_timeout(), living).await {
            Ok(outcome) => outcome,
            Err(_) => Err(TenantError::from(pool.too_late(context, tier, progress)).into()),
        }
    }

    /// A connection that died while it was idle is found out here, where nothing has been done yet, and the next one is
    /// taken: asking each one first whether it lives would cost a round trip a statement.
    async fn living(
        pool: &Arc<Pool>,
        conduct: Conduct,
        context: &TenantContext,
        tier: Tier,
        need: Need<'_>,
        progress: &mut Progress,
    ) -> Result<Self, DbErr> {
        let (span, claim) = match need {
            Need::Statement { .. } => (Span::Session, Claim::Session),
            Need::Transaction { claim, .. } => (Span::Transaction, claim),
        };
        let wanted = pool.wanted(context, tier);
        let mut stale = 0;
        loop {
            let lease = pool.lease(context, tier, claim, progress).await.map_err(TenantError::from)?;
            progress.stage = Stage::Binding;
            let mut bound = Self {
                lease: Some(lease),
                health: Health::Ready,
                span,
                conduct,
                reads_only: false,
                last_savepoint: 0,
                trail: Trail::default(),
            };
            match bound.bind(wanted, need).await {
                Ok(()) => return Ok(bound),
                // As many as the pool may hold can have died together, when the server was restarted; more than that were
                // opened in vain.
                Err(failure) if error::is_disconnection(&failure) && stale < pool.max_connections() => {
                    stale += 1;
                    if let Some(lease) = &mut bound.lease {
                        lease.died(CloseReason::Stale);
                    }
                }
                // Until it is bound, a session has the timeouts of whoever used it last, which are not to end another's work.
                Err(failure)
                    if wanted.timeouts.vary() && error::is_cancellation(&failure) && stale < pool.max_connections() =>
                {
                    stale += 1;
                    bound.health = Health::Unknown;
                }
                Err(failure) => {
                    // Whom it is bound to is not known now; but the transaction of a tenant that is being moved was refused, and has
                    // done nothing.
                    if !error::is_of_the_fence(&failure) || span == Span::Session {
                        bound.health = Health::Unknown;
                    }
                    return Err(error::exec(failure));
                }
            }
        }
    }

    async fn bind(&mut self, wanted: Wanted<'_>, need: Need<'_>) -> Result<(), sqlx::Error> {
        let writes = match need {
            Need::Transaction { begin, .. } => return self.control(begin.to_owned()).await,
            Need::Statement { writes } => writes,
        };
        let Some(lease) = &mut self.lease else { return Err(sqlx::Error::PoolClosed) };
        if lease.is_bound_for(wanted, writes) {
            if lease.needs_ping() {
                self.attempt(async |connection| connection.ping().await).await?;
            }
            return Ok(());
        }
        lease.unbound();
        self.control(session::bind(wanted)).await?;
        if let Some(lease) = &mut self.lease {
            lease.bound(Binding::of(wanted));
        }
        Ok(())
    }

    /// Notes that the session may be bound to anybody from now on.
    pub(crate) fn forget_binding(&mut self) {
        if let Some(lease) = &mut self.lease {
            lease.unbound();
        }
    }

    /// Whether statements are prepared by name, to be used again.
    pub(crate) const fn prepares(&self) -> bool {
        self.conduct.prepares
    }

    /// How long the server may take for an answer.
    pub(crate) const fn patience(&self) -> Duration {
        self.conduct.patience
    }

    /// Runs one operation to its end and notes how it went.
    pub(crate) async fn run<T>(
        &mut self,
        operation: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<Result<T, sqlx::Error>, TenantError> {
        self.usable()?;
        Ok(self.attempt(operation).await)
    }

    /// Starts an operation that [`Self::ended`] will report on; if it never does, the connection is closed.
    pub(crate) fn start(&mut self) -> Result<&mut PgConnection, TenantError> {
        self.usable()?;
        self.health = Health::Unknown;
        self.lease.as_mut().and_then(Lease::connection).ok_or(TenantError::TransactionEnded)
    }

    /// Reports the end of an operation begun with [`Self::start`].
    pub(crate) fn ended(&mut self, error: Option<&sqlx::Error>) {
        self.health = match error {
            None | Some(sqlx::Error::RowNotFound) => Health::Ready,
            Some(gone) if error::is_disconnection(gone) => {
                if let Some(lease) = &mut self.lease {
                    lease.died(CloseReason::Broken);
                }
                Health::Unknown
            }
            Some(sqlx::Error::Database(refusal)) => {
                if let Some(lease) = &mut self.lease
                    && error::is_of_an_outdated_plan(&**refusal)
                {
                    lease.outdated();
                }
                match self.span {
                    Span::Session => Health::Ready,
                    Span::Transaction => Health::Failed,
                }
            }
            Some(_) => Health::Unknown,
        };
    }

    /// Reports an end with an error, and tells what it means.
    pub(crate) fn failed(&mut self, failure: sqlx::Error) -> sqlx::Error {
        self.ended(Some(&failure));
        if self.reads_only || !error::is_of_a_read_only_server(&failure) {
            return failure;
        }
        if let Some(lease) = &mut self.lease {
            lease.demoted();
        }
        error::read_only_server(failure)
    }

    /// Notes that a statement was refused before it was sent: to the caller a failed statement like any other.
    pub(crate) fn refused(&mut self) {
        if self.health == Health::Ready {
            self.health = Health::Failed;
        }
    }

    /// Whether the last operation was not seen to end.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.health == Health::Unknown
    }

    /// Lets the connection go: back to its pool if nothing is in doubt, once the transaction that it is in was rolled back.
    pub(crate) fn let_go(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        self.trail.undone_since(0);
        match (self.span, self.health) {
            (Span::Session, Health::Ready | Health::Failed) => lease.give_back(),
            (Span::Transaction, Health::Ready | Health::Failed) => {
                // Without a runtime nothing can be sent: dropped, it is closed, and the server rolls back.
                if let Ok(runtime) = Handle::try_current() {
                    runtime.spawn(roll_back(lease, self.conduct.patience));
                }
            }
            (_, Health::Unknown) => drop(lease),
        }
        self.trail.hand_over();
    }

    /// Ends what was begun for one statement alone.
    ///
    /// The end of a transaction that changed nothing is not waited for.
    pub(crate) async fn conclude(&mut self, succeeded: bool, writes: bool) -> Result<(), DbErr> {
        match (self.span, succeeded) {
            (Span::Transaction, true) if writes => return self.commit().await,
            (Span::Transaction, true) => {
                let mut bound = self.take();
                tokio::spawn(async move { bound.commit().await });
            }
            // The statement's own error says more than a failed rollback, after which the connection is closed.
            (Span::Transaction, false) if writes => drop(self.rollback().await),
            (Span::Transaction, false) | (Span::Session, _) => self.let_go(),
        }
        Ok(())
    }

    fn take(&mut self) -> Self {
        let (health, span, conduct, reads_only) = (self.health, self.span, self.conduct, self.reads_only);
        let (last_savepoint, trail) = (self.last_savepoint, std::mem::take(&mut self.trail));
        Self { lease: self.lease.take(), health, span, conduct, reads_only, last_savepoint, trail }
    }

    /// Opens the savepoint of this number.
    pub(crate) async fn savepoint(&mut self, number: u64) -> Result<(), DbErr> {
        self.usable()?;
        self.control(format!("SAVEPOINT tenancy_{number}")).await.map_err(error::exec)?;
        self.last_savepoint = number;
        Ok(())
    }

    /// Keeps what was done since the savepoint. After a failed statement that is undone instead, with an error.
    pub(crate) async fn release(&mut self, number: u64) -> Result<(), DbErr> {
        if self.health == Health::Failed {
            self.rollback_to(number).await?;
            return Err(TenantError::TransactionFailed.into());
        }
        self.usable()?;
        self.control(format!("RELEASE SAVEPOINT tenancy_{number}")).await.map_err(error::exec)
    }

    /// Undoes what was done since the savepoint, a failure included.
    pub(crate) async fn rollback_to(&mut self, number: u64) -> Result<(), DbErr> {
        self.known()?;
        let text = format!("ROLLBACK TO SAVEPOINT tenancy_{number}; RELEASE SAVEPOINT tenancy_{number}");
        self.control(text).await.map_err(error::exec)?;
        self.trail.undone_since(number);
        Ok(())
    }

    /// The reads of its transaction.
    pub(crate) const fn trail(&self) -> &Trail {
        &self.trail
    }

    pub(crate) const fn trail_mut(&mut self) -> &mut Trail {
        &mut self.trail
    }

    /// The number of the last savepoint that was opened; 0 before the first.
    pub(crate) const fn last_savepoint(&self) -> u64 {
        self.last_savepoint
    }

    /// Ends the transaction and keeps what it did. A transaction with a failed statement is rolled back, with an error.
    pub(crate) async fn commit(&mut self) -> Result<(), DbErr> {
        if self.health == Health::Failed {
            self.rollback().await?;
            return Err(TenantError::TransactionFailed.into());
        }
        self.usable()?;
        self.end(End::Commit).await
    }

    /// Ends the transaction and undoes what it did.
    pub(crate) async fn rollback(&mut self) -> Result<(), DbErr> {
        self.known()?;
        self.end(End::Rollback).await
    }

    async fn end(&mut self, end: End) -> Result<(), DbErr> {
        let text = match end {
            End::Commit => "COMMIT",
            End::Rollback => "ROLLBACK",
        };
        // Refused, it has most often ended the transaction too; but one that was cancelled before it began has not, and only
        // a ROLLBACK, which `let_go` sends, leaves no doubt.
        self.control(text.to_owned()).await.map_err(error::exec)?;
        match end {
            End::Commit => self.trail.committed(),
            End::Rollback => self.trail.undone_since(0),
        }
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
        self.trail.hand_over();
        Ok(())
    }

    async fn control(&mut self, text: String) -> Result<(), sqlx::Error> {
        self.attempt(async |connection| connection.execute(AssertSqlSafe(text)).await.map(drop)).await
    }

    async fn attempt<T>(
        &mut self,
        operation: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let connection = self.lease.as_mut().and_then(Lease::connection).ok_or(sqlx::Error::PoolClosed)?;
        self.health = Health::Unknown;
        match error::within(self.conduct.patience, operation(connection)).await {
            Ok(value) => {
                self.ended(None);
                Ok(value)
            }
            Err(failure) => Err(self.failed(failure)),
        }
    }

    fn known(&self) -> Result<(), TenantError> {
        match (self.health, &self.lease) {
            (Health::Unknown, _) => Err(TenantError::TransactionLost),
            (Health::Ready | Health::Failed, None) => Err(TenantError::TransactionEnded),
            (Health::Ready | Health::Failed, Some(_)) => Ok(()),
        }
    }

    fn usable(&self) -> Result<(), TenantError> {
        self.known()?;
        if self.health == Health::Failed { Err(TenantError::TransactionFailed) } else { Ok(()) }
    }
}

impl Drop for BoundConnection {
    fn drop(&mut self) {
        self.let_go();
    }
}

/// Rolls back a transaction that nobody will end. The connection is given back only when that was seen to end.
async fn roll_back(mut lease: Lease, patience: Duration) {
    let Some(connection) = lease.connection() else { return };
    if error::within(patience, connection.execute("ROLLBACK")).await.is_ok() {
        lease.give_back();
    }
}
