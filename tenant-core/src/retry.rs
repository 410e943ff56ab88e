//! Running a transaction again that failed only because others ran beside it.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use sea_orm::{AccessMode, DbErr, IsolationLevel, RuntimeErr, TransactionError, TransactionOptions, TransactionTrait};

use crate::{TenantConnection, TenantError, TenantTransaction};

/// How often a transaction is run again, and how long the pauses are.
///
/// Before the nth repetition it waits for a random time between half and all of `first_pause` × 2ⁿ⁻¹, at most `longest_pause`:
/// transactions that got into each other's way come back at different moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    first_pause: Duration,
    longest_pause: Duration,
    options: TransactionOptions,
}

impl Default for Retry {
    fn default() -> Self {
        Self::new()
    }
}

impl Retry {
    /// At most five runs, with pauses of about 10, 20, 40 and 80 ms.
    #[must_use]
    pub const fn new() -> Self {
        let options = TransactionOptions { isolation_level: None, access_mode: None, sqlite_transaction_mode: None };
        let (first_pause, longest_pause) = (Duration::from_millis(10), Duration::from_secs(1));
        Self { attempts: 5, first_pause, longest_pause, options }
    }

    /// How often it is run at most, the first time included; 0 counts as 1.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The pause before the first repetition, and the longest before any.
    #[must_use]
    pub const fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.first_pause = first;
        self.longest_pause = longest;
        self
    }

    /// The isolation level of each run, in place of the server's default.
    #[must_use]
    pub const fn isolation_level(mut self, level: IsolationLevel) -> Self {
        self.options.isolation_level = Some(level);
        self
    }

    /// The access mode of each run, in place of the server's default.
    #[must_use]
    pub const fn access_mode(mut self, mode: AccessMode) -> Self {
        self.options.access_mode = Some(mode);
        self
    }

    fn pause(&self, runs: u32) -> Duration {
        let longest = self.first_pause.saturating_mul(1_u32.checked_shl(runs - 1).unwrap_or(u32::MAX));
        longest.min(self.longest_pause).mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

impl TenantConnection {
    /// Runs the closure in a transaction and commits; runs all of it again, in a new transaction, when PostgreSQL ended it with
    /// a serialization failure (40001) or to break a deadlock (40P01), at a statement or at the commit; or when its server turned out
    /// to be a standby by now, where nothing of it can have been written.
    ///
    /// The closure must do nothing but database work on the transaction that it is given, or nothing that may not be done twice.
    /// It has to return a failed statement's error, as it is or as its own error's source.
    ///
    /// ```no_run
    /// # use sea_orm::{DbErr, IsolationLevel};
    /// # use tenant_core::{Retry, TenantConnection};
    /// # async fn book(_: &tenant_core::TenantTransaction) -> Result<u32, DbErr> { Ok(1) }
    /// # async fn run(db: TenantConnection) -> Result<(), Box<dyn std::error::Error>> {
    /// let serializable = Retry::new().isolation_level(IsolationLevel::Serializable);
    /// let booked = db.transaction_with_retry(serializable, |transaction| Box::pin(book(transaction))).await?;
    /// # let _ = booked;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The last run's, when it failed for another reason or too often.
    pub async fn transaction_with_retry<F, T, E>(&self, retry: Retry, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> Fn(&'c TenantTransaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send + Sync,
        T: Send,
        E: Error + Send + 'static,
    {
        let mut runs = 0;
        loop {
            let outcome = self.once(retry.options, &callback).await;
            runs += 1;
            match outcome {
                Err(failure) if runs < retry.attempts && was_in_the_way(&failure) => {
                    tokio::time::sleep(retry.pause(runs)).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn once<F, T, E>(&self, options: TransactionOptions, callback: &F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> Fn(&'c TenantTransaction) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>> + Send + Sync,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let transaction = self.begin_with_options(options).await.map_err(TransactionError::Connection)?;
        transaction.run(callback).await
    }
}

/// Whether the transaction failed because of others that ran beside it, or at a standby, and may succeed when it is run again.
fn was_in_the_way<E: Error + 'static>(failure: &TransactionError<E>) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = match failure {
        TransactionError::Connection(failure) => Some(failure),
        TransactionError::Transaction(failure) => Some(failure),
    };
    while let Some(failure) = cause {
        if failure.downcast_ref().is_some_and(TenantError::is_of_a_read_only_server) {
            return true;
        }
        let code = driver_error(failure).and_then(sqlx::Error::as_database_error).and_then(|refusal| refusal.code());
        if matches!(code.as_deref(), Some("40001" | "40P01")) {
            return true;
        }
        cause = match failure.downcast_ref() {
            // A nested transaction's, which gives no source.
            Some(TransactionError::<DbErr>::Connection(failure) | TransactionError::Transaction(failure)) => {
                Some(failure)
            }
            None => failure.source(),
        };
    }
    false
}

/// The driver's error, if it is one; SeaORM's gives none as its source.
fn driver_error<'a>(failure: &'a (dyn Error + 'static)) -> Option<&'a sqlx::Error> {
    match failure.downcast_ref() {
        Some(RuntimeErr::SqlxError(driver)) => Some(&**driver),
        Some(RuntimeErr::Internal(_)) | None => failure.downcast_ref(),
    }
}
