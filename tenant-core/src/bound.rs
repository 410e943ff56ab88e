//! A connection inside a transaction that belongs to one tenant, and what is known of its health.

use sea_orm::{DbErr, TransactionOptions};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor, Postgres};

use crate::database::Placement;
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

/// A database connection inside a transaction bound to one tenant.
///
/// It goes back to its pool only after its transaction was seen to end. In every other case (dropped, failed to end,
/// an operation dropped half-way) it is closed, and the server rolls back: a connection in doubt is never reused.
#[derive(Debug)]
pub(crate) struct BoundConnection {
    connection: Option<PoolConnection<Postgres>>,
    health: Health,
}

impl BoundConnection {
    /// Takes a connection from the pool, begins a transaction on it and binds that, in one round trip.
    ///
    /// A connection that died while it was idle is found out here, where nothing has been done yet, and the next one is
    /// taken: asking each one first whether it lives would cost a round trip a statement.
    pub(crate) async fn begin(
        placement: &Placement,
        context: &TenantContext,
        options: TransactionOptions,
    ) -> Result<Self, DbErr> {
        let text = session::begin(context, options);
        let mut stale = 0;
        loop {
            let connection = placement.pool().acquire().await.map_err(error::acquire)?;
            let mut bound = Self { connection: Some(connection), health: Health::Ready };
            match bound.control(text.clone()).await {
                Ok(()) => return Ok(bound),
                // As many as the pool may hold can have died together, when the server was restarted.
                Err(failure) if error::is_disconnection(&failure) && stale < placement.max_connections() => stale += 1,
                Err(failure) => return Err(error::exec(failure)),
            }
        }
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
        self.connection.as_deref_mut().ok_or(TenantError::TransactionEnded)
    }

    /// Reports the end of an operation begun with [`Self::start`].
    pub(crate) fn ended(&mut self, error: Option<&sqlx::Error>) {
        self.health = match error {
            None | Some(sqlx::Error::RowNotFound) => Health::Ready,
            Some(sqlx::Error::Database(_)) => Health::Failed,
            Some(_) => Health::Unknown,
        };
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

    /// Closes the connection, so that the server rolls back.
    pub(crate) fn give_up(&mut self) {
        if let Some(connection) = self.connection.take() {
            // Detached and dropped, its socket closes.
            drop(connection.detach());
        }
    }

    /// Opens the savepoint of this number.
    pub(crate) async fn savepoint(&mut self, number: u64) -> Result<(), DbErr> {
        self.usable()?;
        self.control(format!("SAVEPOINT tenancy_{number}")).await.map_err(error::exec)
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
        self.control(text).await.map_err(error::exec)
    }

    /// Ends the transaction and keeps what it did. A transaction with a failed statement is rolled back, with an error.
    pub(crate) async fn commit(&mut self) -> Result<(), DbErr> {
        if self.health == Health::Failed {
            self.rollback().await?;
            return Err(TenantError::TransactionFailed.into());
        }
        self.usable()?;
        self.end("COMMIT").await
    }

    /// Ends the transaction and undoes what it did.
    pub(crate) async fn rollback(&mut self) -> Result<(), DbErr> {
        self.known()?;
        self.end("ROLLBACK").await
    }

    async fn end(&mut self, text: &str) -> Result<(), DbErr> {
        self.control(text.to_owned()).await.map_err(error::exec)?;
        // Given back here, where the end was seen, and nowhere else.
        drop(self.connection.take());
        Ok(())
    }

    async fn control(&mut self, text: String) -> Result<(), sqlx::Error> {
        self.attempt(async |connection| connection.execute(AssertSqlSafe(text)).await.map(drop)).await
    }

    async fn attempt<T>(
        &mut self,
        operation: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let connection = self.connection.as_deref_mut().ok_or(sqlx::Error::PoolClosed)?;
        self.health = Health::Unknown;
        let outcome = operation(connection).await;
        self.ended(outcome.as_ref().err());
        outcome
    }

    fn known(&self) -> Result<(), TenantError> {
        match (self.health, &self.connection) {
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
        // Still here: its transaction was not seen to end.
        self.give_up();
    }
}
