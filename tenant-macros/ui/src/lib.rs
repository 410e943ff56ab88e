//! Stands in for `tenant_core` where models are only compiled: the real traits, with their messages, and a description
//! that forgets what it is told.

#[path = "../../../tenant-core/src/audited.rs"]
mod audited;
#[path = "../../../tenant-core/src/entity.rs"]
mod entity;
mod id;
#[path = "../../../tenant-core/src/index.rs"]
mod index;
mod table;

pub use audited::Audit;
pub use entity::{TenantEntity, TenantKey};
pub use id::TenantId;
pub use index::{Direction, Index, IndexColumn, Unique};
pub use table::{Registration, Table};
pub use tenant_macros::{tenant_scoped, tenant_shared};

#[cfg(doctest)]
#[doc = include_str!("../../src/tenant_scoped.md")]
mod tenant_scoped_examples {}

#[cfg(doctest)]
#[doc = include_str!("../../src/tenant_shared.md")]
mod tenant_shared_examples {}

/// What the attributes' expansions name, as in `tenant_core`.
#[doc(hidden)]
pub mod __private {
    pub use inventory;

    pub use crate::entity::{TenantEntity, assert_tenant_key, column_name};
    pub use crate::{Audit, Index, Registration, Table, Unique};
}
