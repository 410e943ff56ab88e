//! One PostgreSQL database that holds tenants, as those see it who look after all of them.

use std::sync::Arc;

use sea_orm::{AccessMode, DbErr};
use uuid::Uuid;

use super::builder::SystemDatabaseBuilder;
use super::context::SystemContext;
use super::error::SystemError;
use super::transaction::SystemTransaction;
use crate::bound::BoundConnection;
use crate::database::Backend;
use crate::{PoolStatistics, TenantId, TenantTransaction, Tier, error, session};

/// In whose turn the pool is asked for a connection that works across all tenants.
const ALL_TENANTS: TenantId = TenantId::new(Uuid::nil());

/// The tier of whoever asks: there is one, without a cap.
pub(super) const TIER: Tier = Tier::Small;

const RECORD: &str = "SELECT tenancy.record_system_access($1)";

/// The deliberate way across tenants, by the admin role.
///
/// Every use is a transaction with a reason. First an entry of kind `system` is committed to the access log, in a transaction
/// of its own; where that fails, nothing is begun. So the log says what was meant to be done, also when that failed or was rolled
/// back. The reason, the person and the request are bound to the transaction alone, and end with it: a database behind a pooler
/// of transactions is as good as a direct one.
///
/// ```no_run
/// use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement, TransactionSession};
/// use tenant_core::{SystemContext, SystemDatabase, TenantId};
/// # mod molecule {
/// #     use sea_orm::entity::prelude::*;
/// #     #[sea_orm::model]
/// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
/// #     #[sea_orm(table_name = "molecules")]
/// #     pub struct Model { #[sea_orm(primary_key, auto_increment = false)] pub id: Uuid, pub name: String }
/// #     impl ActiveModelBehavior for ActiveModel {}
/// # }
/// # async fn run(organization: TenantId) -> Result<(), Box<dyn std::error::Error>> {
/// let system = SystemDatabase::builder("postgres://tenancy_admin@db.internal/molecules").build().await?;
/// let context = SystemContext::new("ticket 4711: how many molecules are there?".parse()?);
///
/// let all = system.across_tenants(&context).await?;
/// let count = "SELECT organization_id, count(*) FROM molecules GROUP BY organization_id";
/// let counts = all.query_all_raw(Statement::from_string(DbBackend::Postgres, count)).await?;
/// all.commit().await?;
///
/// let one = system.in_tenant(organization, &context).await?;
/// let molecules = molecule::Entity::find().all(&one).await?;
/// # let _ = (counts, molecules);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SystemDatabase {
    backend: Arc<Backend>,
}

impl SystemDatabase {
    pub(super) fn new(backend: Backend) -> Self {
        Self { backend: Arc::new(backend) }
    }

    /// Prepares a connection to the database at `url`, as the admin role.
    pub fn builder(url: impl Into<String>) -> SystemDatabaseBuilder {
        SystemDatabaseBuilder::new(url.into())
    }

    /// A transaction across all tenants, for explicit SQL, once that is in the access log. It reads alone, unless
    /// [`SystemContext::writing`] says otherwise.
    ///
    /// # Errors
    /// [`SystemError`]: it could not be logged, or not be begun.
    pub async fn across_tenants(&self, context: &SystemContext) -> Result<SystemTransaction, SystemError> {
        Ok(SystemTransaction::new(context.clone(), self.visit(None, context).await?))
    }

    /// A transaction in one tenant, on which all of SeaORM works as on the tenant's own, once that is in the access log, where
    /// the tenant sees it. It reads alone, unless [`SystemContext::writing`] says otherwise.
    ///
    /// The filter alone keeps it in the tenant: the admin role's policy shows all of them to whoever has a reason.
    ///
    /// # Errors
    /// [`SystemError`]: it could not be logged, or not be begun.
    pub async fn in_tenant(&self, tenant: TenantId, context: &SystemContext) -> Result<TenantTransaction, SystemError> {
        let bound = self.visit(Some(tenant), context).await?;
        Ok(TenantTransaction::new(Arc::clone(&self.backend), context.in_tenant(tenant), TIER, bound, false))
    }

    /// What the pool of connections is doing, and what it has done. What works across all tenants is counted for the tenant of
    /// zeros.
    #[must_use]
    pub fn pool_statistics(&self) -> PoolStatistics {
        self.backend.pool().statistics()
    }

    /// Closes all connections: the idle ones at once, the others when the transactions on them have ended.
    pub async fn close(&self) {
        self.backend.close().await;
    }

    async fn visit(&self, tenant: Option<TenantId>, context: &SystemContext) -> Result<BoundConnection, SystemError> {
        self.record(tenant, context).await.map_err(|source| SystemError::Unrecorded { source })?;
        self.begin(tenant, context, context.access()).await.map_err(|source| SystemError::Begin { source })
    }

    async fn record(&self, tenant: Option<TenantId>, context: &SystemContext) -> Result<(), DbErr> {
        let mut bound = self.begin(tenant, context, AccessMode::ReadWrite).await?;
        let record = sqlx::query_scalar(RECORD).bind(tenant.map(TenantId::as_uuid)).persistent(bound.prepares());
        // Its number; without one there is no entry.
        let entry: Result<i64, _> = bound.run(async |connection| record.fetch_one(connection).await).await?;
        entry.map_err(error::query)?;
        bound.commit().await
    }

    async fn begin(
        &self,
        tenant: Option<TenantId>,
        context: &SystemContext,
        access: AccessMode,
    ) -> Result<BoundConnection, DbErr> {
        let turn = context.in_tenant(tenant.unwrap_or(ALL_TENANTS));
        let begin = session::begin_with_reason(tenant, context, access);
        BoundConnection::begun(&self.backend, &turn, TIER, &begin, Some(access)).await
    }
}
