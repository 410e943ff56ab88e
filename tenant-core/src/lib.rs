//! Tenant scoping for SeaORM on PostgreSQL: the request path.
//!
//! - Who: [`TenantId`], [`UserId`], [`TenantContext`].
//! - What: [`tenant_scoped`] and [`tenant_shared`] describe a model's [`Table`]; the [`Registry`] holds all of them.
//! - How: a [`TenantDatabase`] is checked at start-up and gives out a [`TenantConnection`] for one tenant, on which all
//!   of SeaORM works. Every statement is rewritten to name the tenant (or refused), and runs in a transaction bound to it.
//! - Across: a [`SystemDatabase`] is the deliberate way, for a stated reason that the access log keeps.
//! - Where: a [`TenantRouter`] follows a [`Catalog`] of organisations and gives each one its connection, wherever it lives.

mod audit;
mod audited;
mod bound;
mod connection;
mod context;
mod database;
mod database_builder;
mod database_error;
mod deployment;
mod entity;
mod error;
pub mod fence;
mod foreign_key;
mod id;
mod index;
mod level;
mod pool;
pub mod posture;
mod preflight;
mod registry;
mod registry_digest;
mod replica;
mod retry;
mod routing;
mod savepoints;
mod scope;
mod servers;
pub mod session;
mod shared;
mod statement;
mod stream;
mod system;
mod table;
mod transaction;
mod transport;

pub use audit::{
    AccessCursor, AccessEntry, AccessKind, AccessLog, AccessPage, AuditError, AuditSettingsError, AuditStatistics,
    Fingerprint, ParseAccessKindError, ParseCursorError, ParseFingerprintError, ReadAudit, WhenFull,
};
pub use audited::Audit;
pub use connection::TenantConnection;
pub use context::{ParseRequestIdError, RequestId, TenantContext};
pub use database::TenantDatabase;
pub use database_builder::TenantDatabaseBuilder;
pub use database_error::DatabaseError;
pub use deployment::Deployment;
pub use entity::{TenantEntity, TenantKey};
pub use error::TenantError;
pub use foreign_key::ForeignKey;
pub use id::{ParseIdError, TenantId, UserId};
pub use index::{Direction, Index, IndexColumn, Unique};
pub use pool::{
    BindingMode, CloseReason, ConnectionBudget, PoolCounts, PoolError, PoolSettingsError, PoolStatistics, Tier,
    TierLimits,
};
pub use preflight::{PreflightError, PreflightProblem};
pub use registry::{Registration, Registry, RegistryBuilder, RegistryError, RegistryProblem};
pub use replica::{MaxLag, ReplicaConnection, ReplicaLag, ReplicaStatistics};
pub use retry::Retry;
pub use routing::{
    Catalog, CatalogChange, CatalogError, CatalogHealth, CatalogListener, CatalogMark, CatalogState, ConfiguredUrls,
    GivenUrls, Organization, OrganizationStatus, PLACEMENTS_DIR, ParsePlacementNameError, Placement, PlacementKind,
    PlacementName, PlacementState, PlacementStatus, PlacementUrlError, PlacementUrls, PostgresCatalog, Purpose,
    RouterError, RoutingError, TenantRouter, TenantRouterBuilder, UnknownWord, catalog_tables,
};
pub use scope::{
    AllowanceError, AllowedFunctions, LoggedRead, Rewrite, RewriteStatistics, Rewriter, ScopeError, ScopedStatement,
};
pub use servers::{HostError, HostState, NoPrimary};
pub use stream::TenantStream;
pub use system::{
    ParseReasonError, Reason, SystemContext, SystemDatabase, SystemDatabaseBuilder, SystemError, SystemTransaction,
};
pub use table::{Column, DEFAULT_KEY, DEFAULT_SCHEMA, Table, TableName, Tenancy};
pub use tenant_macros::{tenant_scoped, tenant_shared};
pub use transaction::TenantTransaction;
pub use transport::{Transport, TransportError};

/// What the attributes' expansions name. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use inventory;

    pub use crate::entity::{TenantEntity, assert_tenant_key, column_name};
    pub use crate::{Audit, Index, Registration, Table, Unique};
}
