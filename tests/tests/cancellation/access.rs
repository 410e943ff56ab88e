//! A way to reach tenants' rows on one pool.

use sea_orm::{ConnectionTrait, DbErr, StreamTrait, TransactionSession, TransactionTrait};
use tenant_core::{TenantConnection, TenantContext, TenantDatabase, TenantTransaction};

/// What is tried: connections that belong to tenants, and their transactions.
pub(crate) trait Access {
    type Connection: ConnectionTrait + StreamTrait + Send + 'static;
    type Transaction: ConnectionTrait
        + StreamTrait
        + TransactionTrait<Transaction = Self::Transaction>
        + TransactionSession
        + Send
        + 'static;

    fn connect(&self, context: TenantContext) -> Self::Connection;

    async fn begin(connection: &Self::Connection) -> Result<Self::Transaction, DbErr>;
}

impl Access for TenantDatabase {
    type Connection = TenantConnection;
    type Transaction = TenantTransaction;

    fn connect(&self, context: TenantContext) -> TenantConnection {
        Self::connect(self, context)
    }

    async fn begin(connection: &TenantConnection) -> Result<TenantTransaction, DbErr> {
        connection.begin().await
    }
}
