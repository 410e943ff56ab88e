//! Explicit SQL across all tenants.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::{
    AccessMode, ConnectionTrait, DbBackend, DbErr, ExecResult, IsolationLevel, QueryResult, Statement,
    StatementBuilder, StreamTrait, TransactionError, TransactionOptions, TransactionSession, TransactionTrait, Values,
};

use super::context::SystemContext;
use crate::TenantError;
use crate::bound::BoundConnection;
use crate::level::{Level, transaction_traits};
use crate::scope::{ScopeError, first_word};
use crate::shared::Turn;
use crate::statement::{self, Outgoing};
use crate::stream::{Afterwards, Given, TenantStream};

/// How much of a first word is told.
const LONGEST_KIND: usize = 40;

/// A transaction across all tenants, with a reason that stands in the access log.
///
/// It runs SQL as it is given: SeaORM's `…_raw` methods, `execute_unprepared`, `find_by_statement` and `from_raw_sql`. What
/// SeaORM builds of entities is refused ([`TenantError::BuiltStatement`]): an entity knows its rows by their id, of which each
/// tenant may have one, so that an update of one model would change a row of every tenant's, and a loader mix them. Where entities
/// are wanted, [`SystemDatabase::in_tenant`](crate::SystemDatabase::in_tenant) works in one tenant.
///
/// It ends as a [`TenantTransaction`](crate::TenantTransaction) does: dropped without `commit`, it is rolled back; after a
/// statement failed or was refused, nothing but rollback is possible and `commit` is an error; after an operation was dropped half-way, its
/// connection is closed.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct SystemTransaction {
    context: SystemContext,
    level: Level,
}

impl SystemTransaction {
    pub(super) fn new(context: SystemContext, bound: BoundConnection) -> Self {
        Self { context, level: Level::outermost(bound) }
    }

    /// Why it works, and for whom.
    pub const fn context(&self) -> &SystemContext {
        &self.context
    }

    /// The connection, in this transaction's turn, and the statement as it is sent.
    async fn explicit(&self, statement: Statement) -> Result<(Turn, Outgoing), DbErr> {
        let mut turn = self.level.turn().await?;
        match explicit(statement) {
            Ok(outgoing) => Ok((turn, outgoing)),
            Err(refusal) => {
                turn.refused();
                Err(refusal.into())
            }
        }
    }

    /// The refusal of a statement that SeaORM built.
    async fn built<T>(&self) -> Result<T, DbErr> {
        self.level.turn().await?.refused();
        Err(TenantError::BuiltStatement.into())
    }

    async fn nested(&self, options: TransactionOptions) -> Result<Self, DbErr> {
        let level = self.level.nested(options).await?;
        Ok(Self { context: self.context.clone(), level })
    }
}

/// A statement to be sent as it is. That there is no second one behind it is the server's to see.
fn explicit(statement: Statement) -> Result<Outgoing, TenantError> {
    if statement.db_backend != DbBackend::Postgres {
        return Err(ScopeError::Backend.into());
    }
    match first_word(&statement.sql)?.as_str() {
        // An opening bracket.
        "" | "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "VALUES" | "TABLE" | "WITH" | "EXPLAIN" | "SHOW" => {
        }
        // What ends the transaction would end the binding, and what sets something for the session would outlive it.
        kind => return Err(TenantError::SystemStatement { kind: kind.chars().take(LONGEST_KIND).collect() }),
    }
    let values = statement.values.unwrap_or(Values(Vec::new()));
    Ok(Outgoing { text: Arc::from(statement.sql), values, may_bind: false })
}

transaction_traits!(SystemTransaction);

#[async_trait]
impl ConnectionTrait for SystemTransaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let (mut turn, outgoing) = self.explicit(statement).await?;
        statement::execute(&mut turn, outgoing).await
    }

    async fn execute<S: StatementBuilder>(&self, _: &S) -> Result<ExecResult, DbErr> {
        self.built().await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let (mut turn, outgoing) = self.explicit(statement).await?;
        statement::query_one(&mut turn, outgoing).await
    }

    async fn query_one<S: StatementBuilder>(&self, _: &S) -> Result<Option<QueryResult>, DbErr> {
        self.built().await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (mut turn, outgoing) = self.explicit(statement).await?;
        statement::query_all(&mut turn, outgoing).await
    }

    async fn query_all<S: StatementBuilder>(&self, _: &S) -> Result<Vec<QueryResult>, DbErr> {
        self.built().await
    }
}

impl StreamTrait for SystemTransaction {
    type Stream<'a> = TenantStream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(async move {
            let (turn, outgoing) = self.explicit(statement).await?;
            let bound = Given::new(turn.stream(), None);
            Ok(TenantStream::new(bound, outgoing, Afterwards::GoOn, None))
        })
    }

    fn stream<'a, S: StatementBuilder + Sync>(
        &'a self,
        _: &S,
    ) -> Pin<Box<dyn Future<Output = Result<Self::Stream<'a>, DbErr>> + 'a + Send>> {
        Box::pin(self.built())
    }
}
