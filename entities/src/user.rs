//! A person within an organisation: one row per (organisation, person).

use sea_orm::entity::prelude::*;
use tenant_core::{TenantId, tenant_scoped};

/// A person who works for an organisation.
#[tenant_scoped(unique(email), audit(writes, rows, redact(email)))]
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// Unique within the organisation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The organisation.
    pub organization_id: TenantId,
    /// Unique within the organisation: a person may work for two.
    #[sea_orm(column_type = "Text")]
    pub email: String,
    /// The name others see.
    #[sea_orm(column_type = "Text")]
    pub name: String,
    /// When the person joined.
    #[sea_orm(default_expr = "Expr::current_timestamp()")]
    pub created_at: DateTimeUtc,
    /// The organisation's own row.
    #[sea_orm(belongs_to, from = "organization_id", to = "id")]
    pub organization: BelongsTo<super::organization::Entity>,
    /// What the person may do.
    #[sea_orm(has_many)]
    pub memberships: HasMany<super::membership::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
