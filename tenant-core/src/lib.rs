//! Tenant scoping for SeaORM on PostgreSQL: the request path.

mod context;
mod entity;
mod foreign_key;
mod id;
mod index;
mod registry;
mod scope;
pub mod session;
mod table;

pub use context::{ParseRequestIdError, RequestId, TenantContext};
pub use entity::{TenantEntity, TenantKey};
pub use foreign_key::ForeignKey;
pub use id::{ParseIdError, TenantId, UserId};
pub use index::{Audit, Direction, Index, IndexColumn, Unique};
pub use registry::{Registration, Registry, RegistryBuilder, RegistryError, RegistryProblem};
pub use scope::{Rewrite, Rewriter, ScopeError, ScopedStatement};
pub use table::{Column, DEFAULT_KEY, DEFAULT_SCHEMA, Table, TableName, Tenancy};
pub use tenant_macros::{tenant_scoped, tenant_shared};

/// What the attributes' expansions name. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use inventory;

    pub use crate::entity::{TenantEntity, assert_tenant_key, column_name};
    pub use crate::{Audit, Index, Registration, Table, Unique};
}
