//! A tenant's connection for reads that may be a little stale.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::max_lag::MaxLag;
use crate::{TenantConnection, TenantContext, TenantError, Tier, error};

/// A SeaORM connection that belongs to one tenant and only reads, from a standby that is fresh enough, else from the primary.
///
/// Both walls hold as on a [`TenantConnection`]. A statement that writes, locks rows or calls a function that the application
/// allowed is refused with [`TenantError::ReplicaWrite`] before anything is sent. Two reads one after the other may see different
/// moments, the later one's the earlier; it has no transactions and no streams. A read that a standby doesn't answer, because it
/// cancelled it for the sake of its replay or is gone, is asked of the primary. So is one of an organisation that moved, until a
/// standby of its new home that is as stale as allowed has what it brought along.
#[derive(Clone, Debug)]
pub struct ReplicaConnection {
    primary: TenantConnection,
    max_lag: MaxLag,
}

impl ReplicaConnection {
    pub(crate) fn new(primary: TenantConnection, max_lag: MaxLag) -> Self {
        Self { primary: primary.reading(), max_lag }
    }

    /// The tier by whose limits the tenant shares the pools; small unless this is called. A router's connection has the tier that
    /// the catalog says, whatever is given here.
    #[must_use]
    pub fn tier(mut self, tier: Tier) -> Self {
        self.primary = self.primary.tier(tier);
        self
    }

    /// Whose connection it is.
    pub const fn context(&self) -> &TenantContext {
        self.primary.context()
    }

    async fn read<T>(
        &self,
        statement: Statement,
        run: impl AsyncFn(&TenantConnection, Statement) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let visited = self.primary.visit().await.map_err(TenantError::from)?;
        if let Some(replicas) = visited.backend().replicas()
            && visited.is_settled(self.max_lag.duration())
            && let Some(standby) = replicas.choose(self.max_lag)
        {
            let standby = self.primary.clone().by_a_standby(Arc::clone(standby), visited.clone());
            match run(&standby, statement.clone()).await {
                Err(failure) if is_the_standbys(&failure) => {
                    replicas.counts.asked_again.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!("a standby didn't answer a read, which goes to the primary: {failure}");
                }
                outcome => return outcome,
            }
        }
        run(&self.primary, statement).await
    }
}

/// Whether another server may answer: the standby is gone, or its replay came in the way (40001, 40P01).
fn is_the_standbys(failure: &DbErr) -> bool {
    match TenantError::of(failure) {
        // Closed, where the tenant has moved away meanwhile; if all is, the primary says so.
        Some(TenantError::Pool(_)) => true,
        // The tenant is being moved, or was: the primary's answer is waited for, wherever that is.
        Some(TenantError::Fenced { .. }) => true,
        Some(_) => false,
        None => error::is_of_disconnection(failure) || error::is_of_contention(failure),
    }
}

#[async_trait]
impl ConnectionTrait for ReplicaConnection {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.read(statement, async |connection, statement| connection.execute_raw(statement).await).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.read(statement, async |connection, statement| connection.query_one_raw(statement).await).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.read(statement, async |connection, statement| connection.query_all_raw(statement).await).await
    }
}
