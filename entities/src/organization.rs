//! An organisation: the one scoped table whose own id is the tenant.

use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

/// An organisation, as its own members see it.
#[tenant_scoped(key = id)]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    /// The tenant itself.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: TenantId,
    /// The name people know it by.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// When it joined.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
