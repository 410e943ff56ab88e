//! One transaction among those within one another on a connection: the outermost, or a savepoint.

use std::sync::Arc;

use sea_orm::{DbErr, TransactionOptions};

use crate::TenantError;
use crate::bound::BoundConnection;
use crate::savepoints::OUTERMOST;
use crate::shared::{SharedConnection, Turn};

/// A transaction's place on its connection. Dropped without an end, the transaction is rolled back with all that are nested in it.
#[derive(Debug)]
pub(crate) struct Level {
    shared: Arc<SharedConnection>,
    /// Its savepoint.
    number: u64,
    open: bool,
}

impl Level {
    /// Of the transaction that the connection is in.
    pub(crate) fn outermost(bound: BoundConnection) -> Self {
        Self { shared: SharedConnection::new(bound), number: OUTERMOST, open: true }
    }

    /// The connection, when it is this transaction's turn.
    pub(crate) async fn turn(&self) -> Result<Turn, DbErr> {
        self.shared.turn(self.number).await
    }

    /// A savepoint within this transaction, which takes its options.
    pub(crate) async fn nested(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        if options.isolation_level.is_some() || options.access_mode.is_some() {
            return Err(TenantError::SavepointOptions.into());
        }
        let number = self.shared.savepoint(self.number).await?;
        Ok(Self { shared: Arc::clone(&self.shared), number, open: true })
    }

    pub(crate) async fn commit(mut self) -> Result<(), DbErr> {
        let mut turn = self.turn().await?;
        if self.number == OUTERMOST {
            turn.commit().await?
        } else {
            turn.release(self.number).await?
        }
        self.ended();
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), DbErr> {
        if self.number == OUTERMOST {
            self.shared.last_turn().await?.rollback().await?;
        } else {
            self.turn().await?.rollback_to(self.number).await?;
        }
        self.ended();
        Ok(())
    }

    fn ended(&mut self) {
        self.shared.closed(self.number);
        self.open = false;
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        if self.open {
            self.shared.abandon(self.number);
        }
    }
}

/// SeaORM's traits of transactions, and `run`, for a type with a field `level` and a method `nested(&self, TransactionOptions)`.
macro_rules! transaction_traits {
    ($transaction:ident) => {
        impl $transaction {
            /// Runs the closure in this transaction and ends it.
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

        #[async_trait]
        impl TransactionSession for $transaction {
            async fn commit(self) -> Result<(), DbErr> {
                self.level.commit().await
            }

            async fn rollback(self) -> Result<(), DbErr> {
                self.level.rollback().await
            }
        }

        #[async_trait]
        impl TransactionTrait for $transaction {
            type Transaction = Self;

            async fn begin(&self) -> Result<Self, DbErr> {
                self.nested(TransactionOptions::default()).await
            }

            async fn begin_with_config(
                &self,
                isolation_level: Option<IsolationLevel>,
                access_mode: Option<AccessMode>,
            ) -> Result<Self, DbErr> {
                self.nested(TransactionOptions { isolation_level, access_mode, ..Default::default() }).await
            }

            async fn begin_with_options(&self, options: TransactionOptions) -> Result<Self, DbErr> {
                self.nested(options).await
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
    };
}

pub(crate) use transaction_traits;
